// Every limit that more than one module must know, with its unit last. Each is tested at n and at n
// + 1.
#pragma once

#include <chrono>
#include <cstddef>

namespace vigie::base::limits {

inline constexpr std::size_t mqtt_packet_bytes_max = 256 * 1024;
// CONNECT with all that is in it: nobody has said yet who they are.
inline constexpr std::size_t mqtt_connect_bytes_max = 16 * 1024;
// Topics of this server have four levels, and an asset's code 64 characters.
inline constexpr std::size_t mqtt_filter_bytes_max = 512;
inline constexpr std::size_t mqtt_filter_levels_max = 16;
inline constexpr std::size_t mqtt_filters_per_packet_max = 1'000;
inline constexpr std::size_t mqtt_session_rows_max = 200'000;
inline constexpr std::size_t http_header_bytes_max = 16 * 1024;
inline constexpr std::size_t http_body_bytes_max = 8 * 1024 * 1024;
inline constexpr std::size_t observations_per_message_max = 1'000;
inline constexpr std::size_t senml_records_per_message_max = 10'000;
// Those that wait behind the one that is outstanding, of one asset.
inline constexpr std::size_t commands_queued_max = 16;
inline constexpr std::size_t page_rows_default = 100;
inline constexpr std::size_t page_rows_max = 1'000;
inline constexpr std::size_t text_chars_max = 4'000;
inline constexpr std::size_t quarantine_rows_max = 100'000;
// So many more may be there for a while, for each connection that writes.
inline constexpr std::size_t quarantine_rows_between_bounds = 1'000;
inline constexpr std::size_t quarantine_payload_bytes_max = 4'096;
inline constexpr std::size_t quarantine_text_bytes_max = 1'024;  // of a topic, of a detail
// A device clock ahead of ours by more is wrong.
inline constexpr std::chrono::minutes observation_ahead_max{2};

}  // namespace vigie::base::limits
