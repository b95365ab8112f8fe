// The JSON of operations, as docs/openapi.yaml says it. What is unknown is left out.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <vector>

#include "operations/records.hpp"
#include "vigie/operations/crew_choice.hpp"

namespace vigie::operations {

[[nodiscard]] nlohmann::json to_json(const base::Text& text);
[[nodiscard]] nlohmann::json to_json(const Incident& incident);
// `caller` only for who may read it.
[[nodiscard]] nlohmann::json to_json(const Contact& contact, const std::optional<Caller>& caller);
// Without `allowed`: the stream does not know who looks.
[[nodiscard]] nlohmann::json to_json(const Intervention& intervention);
[[nodiscard]] nlohmann::json to_json(const Intervention& intervention,
                                     const std::vector<State>& allowed);
[[nodiscard]] nlohmann::json to_json(const Transition& transition);
// The age of the position as of `now`.
[[nodiscard]] nlohmann::json to_json(const Crew& crew, base::Instant now);
[[nodiscard]] nlohmann::json to_json(const Choice& choice, const std::vector<Crew>& crews,
                                     base::Instant now);
[[nodiscard]] nlohmann::json to_json(const Entry& entry);
[[nodiscard]] nlohmann::json to_json(const DeskStrip& strip);

}  // namespace vigie::operations
