#include "app/foundation.hpp"

#include <stdexcept>

#include "vigie/assets/kind_store.hpp"

namespace vigie::app {

namespace {

std::shared_ptr<const std::vector<assets::Kind>> number_kinds(store::Pool& pool,
                                                              std::vector<assets::Kind> parsed) {
    auto numbered = pool.write_now(
        [&](store::Transaction& tx) { return assets::load_kinds(tx, std::move(parsed)); });
    if (!numbered) throw std::runtime_error(numbered.error().detail.en);
    return std::make_shared<const std::vector<assets::Kind>>(*std::move(numbered));
}

ingest::CredentialDefaults credential_defaults(const config::Settings& settings) {
    const auto& device = settings.device;
    return {.messages_per_s = static_cast<double>(device.messages_per_s),
            .values_per_s = static_cast<double>(device.values_per_s),
            .burst_s = static_cast<double>(device.burst_s),
            .message_bytes_max = device.message_bytes_max,
            .borne = std::chrono::seconds{device.above_rate_s}};
}

// Each run is an epoch of its own: numbers of different runs are never compared.
std::string epoch_of(const base::Clock& clock) {
    return std::to_string(base::epoch_us(clock.now()));
}

}  // namespace

Foundation::Foundation(const config::Settings& s, const base::Clock& c, const std::string& url,
                       std::vector<assets::Kind> parsed, StartSteps& steps)
    : settings(s),
      clock(c),
      app_url(url),
      pool(url, static_cast<std::size_t>(s.database.pool_threads)),
      public_pool(url, static_cast<std::size_t>(s.database.public_pool_threads)),
      kinds(number_kinds(pool, std::move(parsed))),
      importer(pool, kinds, registry, zones),
      street_importer(pool, importer, streets),
      addresses(streets, zones, registry),
      stream(epoch_of(c)),
      city(registry, stream, c),
      sessions(pool, c),
      credentials(pool, credential_defaults(s)) {
    steps.done("kinds");
    street_importer.load();
    steps.done("streets");
    importer.load();
    steps.done("catalogue");
    credentials.load();
    steps.done("credentials");
}

}  // namespace vigie::app
