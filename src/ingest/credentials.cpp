#include "vigie/ingest/credentials.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <set>

#include "ingest/credential_store.hpp"
#include "vigie/base/text.hpp"

namespace vigie::ingest {

namespace {

constexpr std::size_t secret_bytes = 32;

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

}  // namespace

class Credentials::Known final : public Sender {
public:
    Known(CredentialRow row, std::vector<assets::AssetId> covered)
        : row_(std::move(row)), covered_(std::move(covered)) {}

    [[nodiscard]] const std::string& name() const override { return row_.credential.name; }
    [[nodiscard]] bool may(assets::AssetId asset) const override {
        return row_.credential.all_assets || std::ranges::binary_search(covered_, asset);
    }
    [[nodiscard]] bool may_backfill() const override { return row_.credential.may_backfill; }
    [[nodiscard]] bool has_secret(std::string_view secret) const {
        const std::string hash = hash_of(secret);
        return hash.size() == row_.secret_hash.size() &&
               sodium_memcmp(hash.data(), row_.secret_hash.data(), hash.size()) == 0;
    }

private:
    CredentialRow row_;
    std::vector<assets::AssetId> covered_;  // ascending
};

void Credentials::load() {
    pool_.write_now([this](store::Transaction& tx) {
        lock_credentials(tx);
        publish_after_commit(tx, {});
    });
}

base::Result<std::shared_ptr<const Sender>> Credentials::verify(std::string_view user_name,
                                                                std::string_view secret) const {
    const auto known = known_.current();
    const auto found = known->find(user_name);
    if (found == known->end() || !found->second->has_secret(secret)) return wrong_credential();
    return std::shared_ptr<const Sender>(found->second);
}

Authority Credentials::authority() const {
    return [this](std::string_view user_name, std::string_view secret) {
        return verify(user_name, secret);
    };
}

void Credentials::on_revoked(std::function<void(const std::vector<std::string>&)> listener) {
    const std::lock_guard lock(mutex_);
    listeners_.push_back(std::move(listener));
}

std::shared_ptr<const Credentials::KnownByName> Credentials::read_known(store::Transaction& tx) {
    auto covered = covered_assets(tx);
    auto known = std::make_shared<KnownByName>();
    for (CredentialRow& row : credentials_in_force(tx)) {
        const std::string name = row.credential.name;
        auto assets = std::move(covered[row.credential.id]);
        known->emplace(name, std::make_shared<const Known>(std::move(row), std::move(assets)));
    }
    return known;
}

void Credentials::publish_after_commit(store::Transaction& tx, std::vector<std::string> cut_off) {
    const std::uint64_t number = known_.draw_number();
    auto known = read_known(tx);
    tx.after_commit([this, number, known = std::move(known), cut_off = std::move(cut_off)] {
        known_.publish(known, number);
        if (cut_off.empty()) return;
        std::vector<std::function<void(const std::vector<std::string>&)>> listeners;
        {
            const std::lock_guard lock(mutex_);
            listeners = listeners_;
        }
        for (const auto& listener : listeners)
            listener(cut_off);
    });
}

base::Result<std::vector<CredentialSecret>> Credentials::create(
    store::Transaction& tx, const assets::Catalogue& catalogue,
    const std::vector<CredentialWish>& wishes, bool replace) {
    lock_credentials(tx);
    std::vector<CredentialSecret> made;
    std::vector<std::string> replaced;
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
        std::string secret = new_secret();
        write_credential(tx, wish, hash_of(secret), *ids);
        if (present) replaced.push_back(wish.name);
        made.push_back({wish.name, wish.name, std::move(secret)});
    }
    publish_after_commit(tx, std::move(replaced));
    return made;
}

base::Result<Credential> Credentials::revoke(store::Transaction& tx, const std::string& name,
                                             base::Instant now) {
    lock_credentials(tx);
    auto row = find_credential(tx, name);
    if (!row)
        return base::fail(base::Errc::not_found, "there is no credential " + name,
                          "il n'y a pas d'identifiant " + name);
    if (row->credential.revoked_at)
        return base::fail(base::Errc::conflict, name + " is revoked already",
                          name + " est déjà révoqué");
    mark_revoked(tx, row->credential.id, now);
    row->credential.revoked_at = now;
    publish_after_commit(tx, {name});
    return row->credential;
}

}  // namespace vigie::ingest
