#include "vigie/assets/field_choice.hpp"

#include <algorithm>

namespace vigie::assets {

namespace {

std::string listed_words(const std::vector<std::string>& words) {
    std::string list;
    for (const std::string& word : words)
        list += (list.empty() ? "" : ", ") + word;
    return list;
}

base::Error wrong_map(const std::string& en, const std::string& fr) {
    return base::fail_at(base::Errc::invalid, "map", en, fr);
}

}  // namespace

base::Result<std::map<std::string, std::string>> choose_fields(
    const SourceFile& file, const std::map<std::string, std::string>& map,
    const std::vector<FieldWish>& wishes) {
    std::vector<std::string> targets;
    for (const FieldWish& wish : wishes)
        targets.push_back(wish.target);
    std::map<std::string, std::string> chosen;
    for (const auto& [field, target] : map) {
        const std::string all = listed_words(targets);
        const std::string there = listed_words(file.names);
        if (!file.has(field))
            return wrong_map("the file has no field \"" + field + "\"; it has " + there,
                             "le fichier n'a pas de champ « " + field + " » ; il a " + there);
        if (std::ranges::find(targets, target) == targets.end())
            return wrong_map("\"" + target + "\" is none of " + all,
                             "« " + target + " » n'est aucun de " + all);
        if (!chosen.emplace(target, field).second)
            return wrong_map("two fields are mapped to " + target,
                             "deux champs sont associés à " + target);
    }
    for (const FieldWish& wish : wishes) {
        for (const std::string& name : wish.usual_names) {
            if (file.has(name) && !map.contains(name)) chosen.emplace(wish.target, name);
        }
    }
    return chosen;
}

std::vector<std::string> ignored_fields(const SourceFile& file,
                                        const std::map<std::string, std::string>& chosen) {
    std::vector<std::string> ignored;
    for (const std::string& name : file.names) {
        const bool used =
            std::ranges::any_of(chosen, [&](const auto& each) { return each.second == name; });
        if (!used) ignored.push_back(name);
    }
    return ignored;
}

}  // namespace vigie::assets
