// Credentials of devices and gateways: made by city IT, verified at every door.
#pragma once

#include <chrono>
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

// What somebody set for one credential; nothing: as the settings say.
struct CredentialLimits {
    std::optional<double> messages_per_s{};  // 0: any number
    std::optional<double> messages_burst{};
    std::optional<double> values_per_s{};             // 0: any number
    std::optional<std::int64_t> message_bytes_max{};  // 0: what the door takes
    friend bool operator==(const CredentialLimits&, const CredentialLimits&) = default;
};

// What holds for a credential without limits of its own. A gateway may send more than a device:
// rates are for each asset covered. One that covers every asset has no rate.
struct CredentialDefaults {
    double messages_per_s{};  // 0: any number
    double values_per_s{};    // 0: any number
    double burst_s{10};       // a burst is what the rate allows in that time
    std::int64_t message_bytes_max{};
    std::chrono::seconds borne{300};  // above its rate for as long: refused
};

// The user name of a credential is its name.
struct Credential {
    std::int32_t id{};
    std::string name;
    bool all_assets{};
    bool may_backfill{};
    std::int64_t assets{};  // how many it covers; 0 with all_assets
    base::Instant created_at;
    std::optional<base::Instant> revoked_at;
    CredentialLimits limits;
    std::string certificate;  // "sha256:..." or "subject:..."; empty: it signs in by its secret
};

// What the limits of a credential come to.
[[nodiscard]] AllowanceLimits limits_in_force(const Credential& credential,
                                              const CredentialDefaults& defaults);

struct CredentialWish {
    std::string name;
    std::vector<std::string> assets;  // codes
    std::string kind;                 // every asset of the kind as it is now; empty: none
    bool all_assets{};
    bool may_backfill{};
    CredentialLimits limits{};
    // The client certificate that signs it in, in PEM, or the subject of any of our authorities'
    // (RFC 2253). It then has no secret.
    std::string certificate_pem{};
    std::string certificate_subject{};
};

struct CredentialSecret {
    std::string name;
    std::string user_name;
    std::string secret;       // 256 random bits in hexadecimal: shown once, kept only as a hash
    std::string certificate;  // what signs it in instead of a secret
};

// Thread-safe.
class Credentials {
public:
    explicit Credentials(store::Pool& pool, CredentialDefaults defaults = {})
        : pool_(pool), defaults_(defaults) {}

    // Reads what is there: at start.
    void load();

    // unauthenticated: no such user name, not its secret, or revoked. Without a user name the
    // secret is a token and tells whose it is. Answers from memory.
    [[nodiscard]] base::Result<std::shared_ptr<const Sender>> verify(std::string_view user_name,
                                                                     std::string_view secret) const;
    // verify, for the doors.
    [[nodiscard]] Authority authority() const;
    // By the certificate they are bound to: its fingerprint first, then its subject.
    [[nodiscard]] CertificateAuthority certified() const;
    // By its name alone: for what it left when it was let in.
    [[nodiscard]] SenderByName named() const;

    // To be called often: looks in the database every `looked_at_every`, so that what another
    // process changed holds here, too. Throws store::Unavailable; then what was known stays.
    void look_again(base::Instant now);

    // Called with the names of credentials that were revoked or got new secrets, by whomever: their
    // connections are to be cut. On the committing thread, or the one that looks again.
    void on_revoked(std::function<void(const std::vector<std::string>&)> listener);

    // All or none. A name in use is a conflict, unless `replace`: then it gets a new secret and
    // these assets. A revoked name may be used again.
    [[nodiscard]] base::Result<std::vector<CredentialSecret>> create(
        store::Transaction& tx, const assets::Catalogue& catalogue,
        const std::vector<CredentialWish>& wishes, bool replace);
    // not_found, or conflict when it is revoked already.
    [[nodiscard]] base::Result<Credential> revoke(store::Transaction& tx, const std::string& name,
                                                  base::Instant now);
    // All four anew. not_found, or conflict when it is revoked. Rates hold at once; a connected
    // client of MQTT 5 keeps the packet size it was told until it connects again.
    [[nodiscard]] base::Result<Credential> set_limits(store::Transaction& tx,
                                                      const std::string& name,
                                                      const CredentialLimits& limits);

    [[nodiscard]] const CredentialDefaults& defaults() const { return defaults_; }

    static constexpr std::chrono::seconds looked_at_every{2};

private:
    class Account;
    struct Snapshot;
    // Accounts by the hash of their secret and by their certificate.
    using Keys = std::unordered_map<std::string, std::shared_ptr<Account>>;
    using Accounts = std::map<std::string, std::shared_ptr<Account>, std::less<>>;
    void publish_after_commit(store::Transaction& tx);
    void adopt(const Snapshot& snapshot, std::uint64_t number);
    std::vector<std::string> replace_accounts(const Snapshot& snapshot, std::uint64_t number);
    void tell_revoked(const std::vector<std::string>& names);

    store::Pool& pool_;
    CredentialDefaults defaults_;
    assets::Published<Accounts> accounts_;
    assets::Published<Keys> keys_;
    std::mutex adopting_;
    std::uint64_t adopted_{};
    std::int64_t change_{};            // of the database, as adopted
    std::vector<std::string> gone_{};  // told once, to be told again at the next look
    std::mutex mutex_;
    std::optional<base::Instant> looked_at_;
    std::vector<std::function<void(const std::vector<std::string>&)>> listeners_;
};

// GET and POST /admin/v1/credentials, POST /admin/v1/credentials/{name}/revoke and .../limits.
void add_credential_routes(api::Router& admin, Credentials& credentials,
                           const assets::Registry& registry, store::Pool& pool);

}  // namespace vigie::ingest
