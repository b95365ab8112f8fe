// Credentials of devices and gateways: made by city IT, verified at every door.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "vigie/api/router.hpp"
#include "vigie/assets/catalogue.hpp"
#include "vigie/assets/published.hpp"
#include "vigie/base/result.hpp"
#include "vigie/base/time.hpp"
#include "vigie/ingest/sender.hpp"
#include "vigie/store/database.hpp"

namespace vigie::ingest {

// The user name of a credential is its name.
struct Credential {
    std::int32_t id{};
    std::string name;
    bool all_assets{};
    bool may_backfill{};
    std::int64_t assets{};  // how many it covers; 0 with all_assets
    base::Instant created_at;
    std::optional<base::Instant> revoked_at;
};

struct CredentialWish {
    std::string name;
    std::vector<std::string> assets;  // codes
    std::string kind;                 // every asset of the kind as it is now; empty: none
    bool all_assets{};
    bool may_backfill{};
};

struct CredentialSecret {
    std::string name;
    std::string user_name;
    std::string secret;  // 256 random bits in hexadecimal: shown once, kept only as a hash
};

// Thread-safe.
class Credentials {
public:
    explicit Credentials(store::Pool& pool) : pool_(pool) {}

    // Reads what is there: at start.
    void load();

    // unauthenticated: no such user name, not its secret, or revoked. Answers from memory.
    [[nodiscard]] base::Result<std::shared_ptr<const Sender>> verify(std::string_view user_name,
                                                                     std::string_view secret) const;
    // verify, for the doors.
    [[nodiscard]] Authority authority() const;

    // Called after the commit that revokes credentials or gives them new secrets, with their names:
    // their connections are to be cut. On the committing thread.
    void on_revoked(std::function<void(const std::vector<std::string>&)> listener);

    // All or none. A name in use is a conflict, unless `replace`: then it gets a new secret and
    // these assets. A revoked name may be used again.
    [[nodiscard]] base::Result<std::vector<CredentialSecret>> create(
        store::Transaction& tx, const assets::Catalogue& catalogue,
        const std::vector<CredentialWish>& wishes, bool replace);
    // not_found, or conflict when it is revoked already.
    [[nodiscard]] base::Result<Credential> revoke(store::Transaction& tx, const std::string& name,
                                                  base::Instant now);

private:
    class Known;
    using KnownByName = std::map<std::string, std::shared_ptr<const Known>, std::less<>>;
    static std::shared_ptr<const KnownByName> read_known(store::Transaction& tx);
    void publish_after_commit(store::Transaction& tx, std::vector<std::string> cut_off);

    store::Pool& pool_;
    assets::Published<KnownByName> known_;
    std::mutex mutex_;
    std::vector<std::function<void(const std::vector<std::string>&)>> listeners_;
};

// GET and POST /admin/v1/credentials, POST /admin/v1/credentials/{name}/revoke.
void add_credential_routes(api::Router& admin, Credentials& credentials,
                           const assets::Registry& registry, store::Pool& pool);

}  // namespace vigie::ingest
