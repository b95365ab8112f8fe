// The SQL of credentials.
#pragma once

#include <string>
#include <vector>

#include "vigie/ingest/credentials.hpp"

namespace vigie::ingest {

// One credential at a time is changed.
void lock_credentials(store::Transaction& tx);

struct CredentialRow {
    Credential credential;
    std::string secret_hash;  // in hexadecimal
};
[[nodiscard]] std::optional<CredentialRow> find_credential(store::Transaction& tx,
                                                           const std::string& name);
// By name, after that one.
[[nodiscard]] std::vector<Credential> list_credentials(store::Transaction& tx,
                                                       const std::string& after, std::size_t limit);
// Those in force.
[[nodiscard]] std::vector<CredentialRow> credentials_in_force(store::Transaction& tx);
// Of every credential in force, in ascending order.
[[nodiscard]] std::unordered_map<std::int32_t, std::vector<assets::AssetId>> covered_assets(
    store::Transaction& tx);

// Grows with every change of a credential.
[[nodiscard]] std::int64_t credential_change(store::Transaction& tx);

// Made anew, or put in the place of the one with that name.
void write_credential(store::Transaction& tx, const CredentialWish& wish,
                      const std::string& secret_hash, const std::string& certificate,
                      const std::vector<std::int64_t>& asset_ids);
// The credential in force that this certificate signs in.
[[nodiscard]] std::optional<std::string> name_of_certificate(store::Transaction& tx,
                                                             const std::string& certificate);
void write_limits(store::Transaction& tx, std::int32_t id, const CredentialLimits& limits);
void mark_revoked(store::Transaction& tx, std::int32_t id, base::Instant at);

}  // namespace vigie::ingest
