#include "vigie/ingest/credentials.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <set>
#include <utility>

#include "ingest/credential_store.hpp"
#include "vigie/base/fnv.hpp"
#include "vigie/base/text.hpp"

namespace vigie::ingest {

namespace {

constexpr std::size_t secret_bytes = 32;
const std::string fingerprint_key = "sha256:";
const std::string subject_key = "subject:";

// A plain hash is enough: a secret of 256 random bits cannot be guessed, salted or not, and a
// device that connects must not cost what a person's password does.
std::string hash_of(std::string_view secret) {
    std::array<unsigned char, crypto_generichash_BYTES> hash{};
    crypto_generichash(hash.data(), hash.size(),
                       reinterpret_cast<const unsigned char*>(secret.data()), secret.size(),
                       nullptr, 0);
    return base::to_hex({reinterpret_cast<const char*>(hash.data()), hash.size()});
}

std::string new_secret() {
    std::array<char, secret_bytes> bytes{};
    randombytes_buf(bytes.data(), bytes.size());
    return base::to_hex({bytes.data(), bytes.size()});
}

base::Error wrong_credential() {
    return base::fail(base::Errc::unauthenticated, "no such credential, or not its secret",
                      "identifiant inconnu, ou secret erroné");
}

std::string place_of(std::size_t index, std::string_view member) {
    return "/credentials/" + std::to_string(index) + "/" + std::string(member);
}

// The assets a wish covers; sorted, each once.
base::Result<std::vector<std::int64_t>> covered_by(const assets::Catalogue& catalogue,
                                                   const CredentialWish& wish, std::size_t index) {
    std::set<std::int64_t> ids;
    for (std::size_t i = 0; i < wish.assets.size(); ++i) {
        const assets::Asset* asset = catalogue.find(wish.assets[i]);
        if (!asset)
            return base::fail_at(base::Errc::invalid,
                                 place_of(index, "assets/" + std::to_string(i)),
                                 wish.name + ": there is no asset " + wish.assets[i],
                                 wish.name + " : il n'y a pas d'équipement " + wish.assets[i]);
        ids.insert(asset->id);
    }
    const bool known_kind = wish.kind.empty() || catalogue.kind(wish.kind) != nullptr;
    if (!known_kind)
        return base::fail_at(base::Errc::invalid, place_of(index, "kind"),
                             "there is no kind " + wish.kind, "il n'y a pas de type " + wish.kind);
    for (const assets::Asset& asset : catalogue.assets()) {
        if (!wish.kind.empty() && asset.kind->code == wish.kind) ids.insert(asset.id);
    }
    if (ids.empty() && !wish.all_assets)
        return base::fail_at(base::Errc::invalid, place_of(index, "assets"),
                             wish.name + " would cover no asset",
                             wish.name + " ne couvrirait aucun équipement");
    return std::vector<std::int64_t>(ids.begin(), ids.end());
}

base::Result<void> check_name(const CredentialWish& wish, std::size_t index,
                              const std::optional<CredentialRow>& present, bool replace) {
    if (!base::is_code(wish.name))
        return base::fail_at(base::Errc::invalid, place_of(index, "name"),
                             "a name is 1 to 64 of A-Z a-z 0-9 - _ . :",
                             "un nom compte 1 à 64 caractères parmi A-Z a-z 0-9 - _ . :");
    if (present && !present->credential.revoked_at && !replace)
        return base::fail_at(base::Errc::conflict, place_of(index, "name"),
                             wish.name + " exists already", wish.name + " existe déjà");
    return {};
}

// The SHA-256 fingerprint of the first certificate of a PEM text; empty when there is none.
std::string fingerprint_of_pem(std::string_view pem) {
    constexpr std::string_view begin = "-----BEGIN CERTIFICATE-----";
    constexpr std::string_view end = "-----END CERTIFICATE-----";
    const auto first = pem.find(begin);
    if (first == std::string_view::npos) return {};
    const auto rest = pem.substr(first + begin.size());
    const auto last = rest.find(end);
    if (last == std::string_view::npos) return {};
    const auto body = rest.substr(0, last);
    std::vector<unsigned char> der(body.size());
    std::size_t size = 0;
    if (sodium_base642bin(der.data(), der.size(), body.data(), body.size(), " \r\n\t", &size,
                          nullptr, sodium_base64_VARIANT_ORIGINAL) != 0 ||
        size == 0) {
        return {};
    }
    std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
    crypto_hash_sha256(digest.data(), der.data(), size);
    return base::to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

// What signs the credential in instead of a secret; empty: nothing does.
base::Result<std::string> certificate_of(store::Transaction& tx, const CredentialWish& wish,
                                         std::size_t index) {
    std::string certificate;
    if (!wish.certificate_pem.empty()) {
        const std::string fingerprint = fingerprint_of_pem(wish.certificate_pem);
        if (fingerprint.empty())
            return base::fail_at(base::Errc::invalid, place_of(index, "certificate"),
                                 "no certificate in PEM", "pas de certificat au format PEM");
        certificate = fingerprint_key + fingerprint;
    } else if (!wish.certificate_subject.empty()) {
        certificate = subject_key + wish.certificate_subject;
    }
    const auto other = certificate.empty() ? std::nullopt : name_of_certificate(tx, certificate);
    if (other && *other != wish.name)
        return base::fail_at(base::Errc::conflict, place_of(index, "certificate"),
                             "that certificate signs in " + *other + " already",
                             "ce certificat identifie déjà " + *other);
    return certificate;
}

base::Result<CredentialRow> in_force(store::Transaction& tx, const std::string& name) {
    auto row = find_credential(tx, name);
    if (!row)
        return base::fail(base::Errc::not_found, "there is no credential " + name,
                          "il n'y a pas d'identifiant " + name);
    if (row->credential.revoked_at)
        return base::fail(base::Errc::conflict, name + " is revoked already",
                          name + " est déjà révoqué");
    return *std::move(row);
}

}  // namespace

AllowanceLimits limits_in_force(const Credential& credential, const CredentialDefaults& defaults) {
    const double assets = static_cast<double>(std::max<std::int64_t>(credential.assets, 1));
    const double share = credential.all_assets ? 0 : assets;
    const CredentialLimits& own = credential.limits;
    const auto rate_of = [&](const std::optional<double>& set, double initial) {
        const double per_second = set.value_or(initial * share);
        return Rate{per_second, std::max(1.0, per_second * defaults.burst_s)};
    };
    AllowanceLimits limits;
    limits.messages = rate_of(own.messages_per_s, defaults.messages_per_s);
    limits.messages.burst = own.messages_burst.value_or(limits.messages.burst);
    limits.values = rate_of(own.values_per_s, defaults.values_per_s);
    limits.message_bytes_max =
        static_cast<std::size_t>(own.message_bytes_max.value_or(defaults.message_bytes_max));
    limits.borne = defaults.borne;
    return limits;
}

// Lives as long as its secret does, whatever else of it changes: connections hold it.
class Credentials::Account final : public Sender {
public:
    Account(const CredentialRow& row, std::vector<assets::AssetId> covered,
            const AllowanceLimits& limits)
        : id_(row.credential.id),
          name_(row.credential.name),
          number_(static_cast<std::uint32_t>(base::fnv_1a(row.credential.name))),
          secret_hash_(row.secret_hash),
          allowance_(limits) {
        set_rights(row.credential, std::move(covered));
    }

    [[nodiscard]] const std::string& name() const override { return name_; }
    [[nodiscard]] bool may(assets::AssetId asset) const override {
        const auto rights = rights_.load();
        return rights->all_assets || std::ranges::binary_search(rights->covered, asset);
    }
    [[nodiscard]] bool may_backfill() const override { return may_backfill_; }
    [[nodiscard]] std::uint32_t number() const override { return number_; }
    [[nodiscard]] Allowance* allowance() const override { return &allowance_; }
    [[nodiscard]] bool in_force() const override { return in_force_; }
    // Who is made again under its name keeps the number, but not the secret.
    [[nodiscard]] std::string tag() const override {
        constexpr std::size_t digits = 16;
        return hash_of(std::to_string(id_) + ":" + secret_hash_).substr(0, digits);
    }
    [[nodiscard]] bool has_secret(std::string_view secret) const {
        const std::string hash = hash_of(secret);
        return hash.size() == secret_hash_.size() &&
               sodium_memcmp(hash.data(), secret_hash_.data(), hash.size()) == 0;
    }
    [[nodiscard]] const std::string& secret_hash() const { return secret_hash_; }
    [[nodiscard]] bool is_of(const CredentialRow& row) const {
        return row.credential.id == id_ && row.secret_hash == secret_hash_;
    }
    void update(const CredentialRow& row, std::vector<assets::AssetId> covered,
                const AllowanceLimits& limits) {
        set_rights(row.credential, std::move(covered));
        allowance_.set(limits);
    }
    void withdraw() {
        in_force_ = false;
        may_backfill_ = false;
        rights_.store(std::make_shared<const Rights>());
    }

private:
    struct Rights {
        bool all_assets{};
        std::vector<assets::AssetId> covered;  // ascending
    };
    void set_rights(const Credential& credential, std::vector<assets::AssetId> covered) {
        rights_.store(
            std::make_shared<const Rights>(Rights{credential.all_assets, std::move(covered)}));
        may_backfill_ = credential.may_backfill;
        in_force_ = true;
    }

    std::int32_t id_;
    std::string name_;
    std::uint32_t number_;
    std::string secret_hash_;
    std::atomic<std::shared_ptr<const Rights>> rights_;
    // Asked with every message: no count of holders moves between the processors for them.
    std::atomic<bool> in_force_{false};
    std::atomic<bool> may_backfill_{false};
    mutable Allowance allowance_;
};

struct Credentials::Snapshot {
    std::vector<CredentialRow> rows;
    std::unordered_map<std::int32_t, std::vector<assets::AssetId>> covered;
    std::int64_t change{};
};

void Credentials::load() {
    pool_.write_now([this](store::Transaction& tx) {
        lock_credentials(tx);
        publish_after_commit(tx);
    });
}

void Credentials::look_again(base::Instant now) {
    std::vector<std::string> gone;
    std::int64_t known = 0;
    {
        const std::lock_guard lock(adopting_);
        if (looked_at_ && now >= *looked_at_ && now - *looked_at_ < looked_at_every) return;
        looked_at_ = now;
        known = change_;
        gone = std::exchange(gone_, {});
    }
    // Who was being let in while it was revoked is found now.
    tell_revoked(gone);
    const auto present =
        pool_.read_now([](store::Transaction& tx) { return credential_change(tx); });
    if (present != known) load();
}

base::Result<std::shared_ptr<const Sender>> Credentials::verify(std::string_view user_name,
                                                                std::string_view secret) const {
    if (user_name.empty()) {
        const auto keys = keys_.current();
        const auto token = keys->find(hash_of(secret));
        if (token == keys->end()) return wrong_credential();
        return std::shared_ptr<const Sender>(token->second);
    }
    const auto accounts = accounts_.current();
    const auto found = accounts->find(user_name);
    if (found == accounts->end() || !found->second->has_secret(secret)) return wrong_credential();
    return std::shared_ptr<const Sender>(found->second);
}

Authority Credentials::authority() const {
    return [this](std::string_view user_name, std::string_view secret) {
        return verify(user_name, secret);
    };
}

CertificateAuthority Credentials::certified() const {
    return [this](const ClientCertificate& certificate) -> std::shared_ptr<const Sender> {
        const auto keys = keys_.current();
        auto found = keys->find(fingerprint_key + certificate.fingerprint);
        if (found == keys->end()) found = keys->find(subject_key + certificate.subject);
        return found == keys->end() ? nullptr : found->second;
    };
}

SenderByName Credentials::named() const {
    return [this](std::string_view name) -> std::shared_ptr<const Sender> {
        const auto accounts = accounts_.current();
        const auto found = accounts->find(name);
        return found == accounts->end() ? nullptr : found->second;
    };
}

void Credentials::on_revoked(std::function<void(const std::vector<std::string>&)> listener) {
    const std::lock_guard lock(mutex_);
    listeners_.push_back(std::move(listener));
}

void Credentials::tell_revoked(const std::vector<std::string>& names) {
    if (names.empty()) return;
    std::vector<std::function<void(const std::vector<std::string>&)>> listeners;
    {
        const std::lock_guard lock(mutex_);
        listeners = listeners_;
    }
    for (const auto& listener : listeners)
        listener(names);
}

void Credentials::publish_after_commit(store::Transaction& tx) {
    const std::uint64_t number = accounts_.draw_number();
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->covered = covered_assets(tx);
    snapshot->rows = credentials_in_force(tx);
    snapshot->change = credential_change(tx);
    tx.after_commit([this, number, snapshot] { adopt(*snapshot, number); });
}

void Credentials::adopt(const Snapshot& snapshot, std::uint64_t number) {
    tell_revoked(replace_accounts(snapshot, number));
}

// The names of those that may speak no longer.
std::vector<std::string> Credentials::replace_accounts(const Snapshot& snapshot,
                                                       std::uint64_t number) {
    const std::lock_guard lock(adopting_);
    if (number <= adopted_) return {};
    adopted_ = number;
    change_ = snapshot.change;
    const auto before = accounts_.current();
    auto after = std::make_shared<Accounts>();
    auto keys = std::make_shared<Keys>();
    for (const CredentialRow& row : snapshot.rows) {
        const auto rights = snapshot.covered.find(row.credential.id);
        auto covered =
            rights == snapshot.covered.end() ? std::vector<assets::AssetId>{} : rights->second;
        const auto limits = limits_in_force(row.credential, defaults_);
        const auto present = before->find(row.credential.name);
        if (present != before->end() && present->second->is_of(row)) {
            present->second->update(row, std::move(covered), limits);
            after->emplace(*present);
        } else {
            after->emplace(row.credential.name,
                           std::make_shared<Account>(row, std::move(covered), limits));
        }
        const auto& account = after->find(row.credential.name)->second;
        keys->emplace(account->secret_hash(), account);
        if (!row.credential.certificate.empty()) keys->emplace(row.credential.certificate, account);
    }
    std::vector<std::string> cut_off;
    for (const auto& [name, account] : *before) {
        const auto present = after->find(name);
        if (present != after->end() && present->second == account) continue;
        account->withdraw();
        cut_off.push_back(name);
        if (present == after->end()) gone_.push_back(name);
    }
    keys_.publish(std::move(keys), number);
    accounts_.publish(std::move(after), number);
    return cut_off;
}

base::Result<std::vector<CredentialSecret>> Credentials::create(
    store::Transaction& tx, const assets::Catalogue& catalogue,
    const std::vector<CredentialWish>& wishes, bool replace) {
    lock_credentials(tx);
    std::vector<CredentialSecret> made;
    std::set<std::string> names;
    for (std::size_t i = 0; i < wishes.size(); ++i) {
        const CredentialWish& wish = wishes[i];
        const auto present = find_credential(tx, wish.name);
        if (auto good = check_name(wish, i, present, replace); !good)
            return std::move(good).error();
        if (!names.insert(wish.name).second)
            return base::fail_at(base::Errc::invalid, place_of(i, "name"),
                                 wish.name + " is there twice", wish.name + " figure deux fois");
        const auto ids = covered_by(catalogue, wish, i);
        if (!ids) return ids.error();
        const auto certificate = certificate_of(tx, wish, i);
        if (!certificate) return certificate.error();
        std::string secret = new_secret();
        write_credential(tx, wish, hash_of(secret), *certificate, *ids);
        // One that nobody was told is as good as none.
        if (!certificate->empty()) secret.clear();
        made.push_back({wish.name, wish.name, std::move(secret), *certificate});
    }
    publish_after_commit(tx);
    return made;
}

base::Result<Credential> Credentials::revoke(store::Transaction& tx, const std::string& name,
                                             base::Instant now) {
    lock_credentials(tx);
    auto row = in_force(tx, name);
    if (!row) return std::move(row).error();
    mark_revoked(tx, row->credential.id, now);
    row->credential.revoked_at = now;
    publish_after_commit(tx);
    return row->credential;
}

base::Result<Credential> Credentials::set_limits(store::Transaction& tx, const std::string& name,
                                                 const CredentialLimits& limits) {
    lock_credentials(tx);
    auto row = in_force(tx, name);
    if (!row) return std::move(row).error();
    write_limits(tx, row->credential.id, limits);
    row->credential.limits = limits;
    publish_after_commit(tx);
    return row->credential;
}

}  // namespace vigie::ingest
