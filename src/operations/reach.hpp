// How far somebody's grants reach, for lists and for single rows. Pure.
#pragma once

#include "operations/records.hpp"
#include "operations/store_rows.hpp"
#include "vigie/access/principal.hpp"
#include "vigie/operations/intervention.hpp"

namespace vigie::operations {

[[nodiscard]] Author author_of(const access::Principal& actor);

// The communes in which some grant in force reaches that level; nothing: everywhere.
[[nodiscard]] Communes communes_of(const access::Principal& actor, access::Level level,
                                   std::string_view service, base::Instant now);

// Whether a row of that commune is within reach. What lies outside every commune is only for those
// who reach everywhere.
[[nodiscard]] bool reaches(const access::Principal& actor, access::Level level,
                           std::string_view service, base::Instant now, std::string_view commune);

// Somebody who sees their own crew's work only.
[[nodiscard]] bool is_crew_member(const access::Principal& actor);

// Whose hand `actor` moves that intervention with.
[[nodiscard]] Hand hand_of(const access::Principal& actor, const Intervention& intervention,
                           base::Instant now);
[[nodiscard]] bool may_see(const access::Principal& actor, const Intervention& intervention,
                           base::Instant now);

}  // namespace vigie::operations
