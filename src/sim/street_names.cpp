#include "sim/street_names.hpp"

#include <string_view>
#include <vector>

namespace vigie::sim {

namespace {

// What follows "Rue": people of the past, plants, trades, places; and the names every town has.
const std::vector<std::string>& stems() {
    static const std::vector<std::string> all{
        "Victor-Hugo",
        "Émile-Zola",
        "Honoré-de-Balzac",
        "Gustave-Flaubert",
        "George-Sand",
        "Colette",
        "Marcel-Proust",
        "Molière",
        "Jean-Racine",
        "Pierre-Corneille",
        "Voltaire",
        "Jean-Jacques-Rousseau",
        "Denis-Diderot",
        "Condorcet",
        "Montesquieu",
        "Blaise-Pascal",
        "René-Descartes",
        "Buffon",
        "Lamartine",
        "Alfred-de-Musset",
        "Paul-Verlaine",
        "Arthur-Rimbaud",
        "Charles-Baudelaire",
        "Alphonse-Daudet",
        "Guy-de-Maupassant",
        "Jules-Verne",
        "Alexandre-Dumas",
        "Anatole-France",
        "Louise-Michel",
        "Olympe-de-Gouges",
        "Simone-Veil",
        "Lucie-Aubrac",
        "Jean-Moulin",
        "Pierre-Brossolette",
        "Berty-Albrecht",
        "Jean-Jaurès",
        "Léon-Gambetta",
        "Jules-Ferry",
        "Aristide-Briand",
        "Georges-Clemenceau",
        "Pierre-Mendès-France",
        "Robert-Schuman",
        "Marie-Curie",
        "Louis-Pasteur",
        "Claude-Bernard",
        "Ambroise-Paré",
        "Lavoisier",
        "Gay-Lussac",
        "Sadi-Carnot",
        "Évariste-Galois",
        "Sophie-Germain",
        "Henri-Poincaré",
        "Joseph-Fourier",
        "Gustave-Eiffel",
        "Vauban",
        "Ampère",
        "Denis-Papin",
        "Nicéphore-Niépce",
        "Louis-Braille",
        "Clément-Ader",
        "Hélène-Boucher",
        "Jean-Mermoz",
        "Jean-Philippe-Rameau",
        "Hector-Berlioz",
        "Georges-Bizet",
        "Maurice-Ravel",
        "Claude-Debussy",
        "Camille-Saint-Saëns",
        "Claus-Sluter",
        "François-Rude",
        "Camille-Claudel",
        "Eugène-Delacroix",
        "Claude-Monet",
        "Édouard-Manet",
        "Paul-Cézanne",
        "Rosa-Bonheur",
        "Bossuet",
        "Madame-de-Sévigné",
        "Sainte-Anne",
        "Saint-Bénigne",
        "Saint-Exupéry",
        "Jeanne-d'Arc",
        "Charles-le-Téméraire",
        "Philippe-le-Bon",
        "Vercingétorix",
        "Clovis",
        "des Acacias",
        "des Ormes",
        "des Tilleuls",
        "des Érables",
        "des Frênes",
        "des Hêtres",
        "des Charmes",
        "des Bouleaux",
        "des Peupliers",
        "des Châtaigniers",
        "des Noyers",
        "des Cerisiers",
        "des Pommiers",
        "des Mûriers",
        "des Genêts",
        "des Églantiers",
        "des Aubépines",
        "des Lilas",
        "des Glycines",
        "des Roses",
        "des Iris",
        "des Jonquilles",
        "des Coquelicots",
        "des Bleuets",
        "des Primevères",
        "des Violettes",
        "des Pervenches",
        "du Chêne",
        "du Sureau",
        "du Cèdre",
        "du Houx",
        "des Alouettes",
        "des Hirondelles",
        "des Mésanges",
        "des Fauvettes",
        "du Rossignol",
        "des Chardonnerets",
        "du Héron",
        "des Écureuils",
        "du Chevreuil",
        "du Loup",
        "du Renard",
        "des Vignes",
        "des Vendangeurs",
        "du Pressoir",
        "des Tonneliers",
        "des Vignerons",
        "du Clos",
        "des Grands-Crus",
        "de la Cuverie",
        "des Moissons",
        "des Semailles",
        "de la Charrue",
        "des Prés",
        "des Grands-Prés",
        "de la Prairie",
        "du Champ-Rond",
        "des Champs-Perdrix",
        "des Longues-Raies",
        "de la Combe",
        "de la Combe-aux-Fées",
        "du Mont",
        "du Plateau",
        "de la Côte",
        "du Belvédère",
        "de la Vallée",
        "du Ruisseau",
        "de la Source",
        "de la Fontaine",
        "de la Fontaine-Sucrée",
        "du Puits",
        "du Lavoir",
        "de l'Étang",
        "du Lac",
        "de la Rivière",
        "de l'Ouche",
        "du Suzon",
        "du Canal",
        "de l'Écluse",
        "des Mariniers",
        "du Pont",
        "du Gué",
        "du Moulin",
        "des Moulins",
        "de la Forge",
        "des Forgerons",
        "des Tanneurs",
        "des Drapiers",
        "des Corroyeurs",
        "des Potiers",
        "des Verriers",
        "de la Tuilerie",
        "de la Poterie",
        "de la Manutention",
        "des Boulangers",
        "de la Boucherie",
        "de la Halle",
        "du Marché",
        "du Petit-Marché",
        "de la Poste",
        "de la Gare",
        "de la Mairie",
        "de l'Hôtel-de-Ville",
        "de l'École",
        "des Écoles",
        "du Lycée",
        "de l'Université",
        "de l'Hôpital",
        "de l'Église",
        "du Presbytère",
        "de l'Abbaye",
        "du Couvent",
        "des Carmes",
        "des Cordeliers",
        "de la Chapelle",
        "du Cimetière",
        "du Château",
        "de la Tour",
        "des Remparts",
        "de la Porte-Neuve",
        "du Fort",
        "de la Citadelle",
        "de la Vieille-Halle",
        "de la Monnaie",
        "du Palais",
        "du Théâtre",
        "du Musée",
        "de la Bibliothèque",
        "du Stade",
        "du Vélodrome",
        "du Parc",
        "du Jardin",
        "de l'Orangerie",
        "des Serres",
        "de la Pépinière",
        "du Verger",
        "de la Liberté",
        "de l'Égalité",
        "de la Fraternité",
        "de la République",
        "de la Paix",
        "de la Libération",
        "de la Résistance",
        "de l'Europe",
        "du 8-Mai-1945",
        "du 11-Novembre",
        "du 14-Juillet",
        "du 4-Septembre",
        "des Fusillés",
        "du Souvenir",
        "des Droits-de-l'Homme",
        "de l'Espérance",
        "de la Concorde",
        "de l'Avenir",
        "du Progrès",
        "de l'Industrie",
        "de l'Artisanat",
        "des Entrepreneurs",
        "de l'Aérodrome",
        "de la Carrière",
        "des Carriers",
        "de la Sablière",
        "du Four-à-Chaux",
        "du Nord",
        "du Midi",
        "du Levant",
        "du Couchant",
        "Haute",
        "Basse",
        "Neuve",
        "Vieille",
        "Longue",
        "Traversière",
        "de Bourgogne",
        "de Franche-Comté",
        "d'Alsace",
        "de Lorraine",
        "de Champagne",
        "de Bretagne",
        "de Provence",
        "de Savoie",
        "du Jura",
        "du Morvan",
        "des Vosges",
        "d'Auvergne",
        "de Skopje",
        "de Prague",
        "de Mayence",
        "de Volgograd",
    };
    return all;
}

struct Choice {
    std::string_view type;
    int weight;
};

// "Rue" first: it is most of a French town.
std::vector<Choice> types_for(const Street& street) {
    switch (street.hierarchy) {
        case Hierarchy::primary:
            return {{"Avenue", 5}, {"Boulevard", 4}, {"Rue", 2}, {"Cours", 1}};
        case Hierarchy::secondary:
            return {{"Rue", 6}, {"Avenue", 4}, {"Boulevard", 1}, {"Faubourg", 1}};
        case Hierarchy::tertiary:
            return {{"Rue", 10}, {"Avenue", 1}, {"Quai", 1}, {"Montée", 1}};
        case Hierarchy::residential:
            break;
    }
    if (street.dead_end) return {{"Impasse", 6}, {"Rue", 2}, {"Allée", 2}, {"Cour", 1}};
    if (street.length_m < 80) return {{"Place", 3}, {"Ruelle", 3}, {"Passage", 3}, {"Rue", 4}};
    return {{"Rue", 14}, {"Allée", 3}, {"Chemin", 2}, {"Square", 1}, {"Sentier", 1}};
}

std::string_view drawn(const std::vector<Choice>& choices, Random& random) {
    std::size_t total = 0;
    for (const Choice& choice : choices)
        total += static_cast<std::size_t>(choice.weight);
    auto left = static_cast<int>(random.below(total));
    for (const Choice& choice : choices) {
        left -= choice.weight;
        if (left < 0) return choice.type;
    }
    return choices.front().type;
}

bool elides(std::string_view name) {
    constexpr std::string_view vowels = "AEIOUYHaeiouyh";
    return !name.empty() && (vowels.contains(name.front()) || name.starts_with("É"));
}

}  // namespace

std::string of_place(const std::string& name) {
    return (elides(name) ? "d'" : "de ") + name;
}

std::string StreetNames::name(const Street& street, const std::string& towards) {
    if (!street.built_up && !towards.empty()) {
        for (const std::string_view prefix : {"Route ", "Chemin ", "Ancienne Route ", "Voie "}) {
            std::string leading = std::string(prefix) + of_place(towards);
            if (take(street.commune, leading)) return leading;
        }
    }
    const std::vector<Choice> types = types_for(street);
    constexpr int attempts = 60;
    for (int attempt = 0; attempt < attempts; ++attempt) {
        std::string full = std::string(drawn(types, random_)) + " " + random_.pick(stems());
        if (take(street.commune, full)) return full;
    }
    for (int part = 1;; ++part) {  // a commune with more streets than names
        std::string full = "Rue " + random_.pick(stems()) + " (" + std::to_string(part) + ")";
        if (take(street.commune, full)) return full;
    }
}

}  // namespace vigie::sim
