// What every service stands on, made in this order and unmade in the reverse one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/start_steps.hpp"
#include "vigie/access/sessions.hpp"
#include "vigie/assets/catalogue.hpp"
#include "vigie/assets/import.hpp"
#include "vigie/assets/published.hpp"
#include "vigie/assets/zones.hpp"
#include "vigie/config/settings.hpp"
#include "vigie/ingest/credentials.hpp"
#include "vigie/live/city.hpp"
#include "vigie/live/stream.hpp"
#include "vigie/store/database.hpp"
#include "vigie/streets/address_search.hpp"
#include "vigie/streets/street_import.hpp"
#include "vigie/streets/streets.hpp"

namespace vigie::app {

class Foundation {
public:
    // `kinds` as read from their files: numbered here, by the database. Throws std::runtime_error
    // when the database and the files contradict each other.
    Foundation(const config::Settings& settings, const base::Clock& clock,
               const std::string& app_url, std::vector<assets::Kind> kinds, StartSteps& steps);

    const config::Settings& settings;
    const base::Clock& clock;
    const std::string app_url;  // of the database, as the server's own role
    store::Pool pool;
    store::Pool public_pool;  // the public door never takes a connection from the control room
    std::shared_ptr<const std::vector<assets::Kind>> kinds;
    assets::Registry registry;
    assets::Published<assets::Zones> zones;
    assets::Published<streets::Streets> streets;
    assets::Importer importer;
    streets::StreetImporter street_importer;
    streets::AddressSearch addresses;
    live::Stream stream;
    live::City city;
    access::Sessions sessions;
    ingest::Credentials credentials;
};

}  // namespace vigie::app
