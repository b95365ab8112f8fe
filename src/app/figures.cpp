#include "app/figures.hpp"

#include <fstream>

#include <unistd.h>

namespace vigie::app {

namespace {

template <typename Atomic>
Figure counter(const char* name, const char* help, const Atomic& value, const char* label = "",
               const char* label_value = "") {
    return {name,  help,       true, [&value] { return static_cast<double>(value.load()); },
            label, label_value};
}

template <typename Atomic>
Figure gauge(const char* name, const char* help, const Atomic& value) {
    return {name, help, false, [&value] { return static_cast<double>(value.load()); }, "", ""};
}

double resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    double size = 0;
    double resident = 0;
    statm >> size >> resident;
    return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

}  // namespace

std::vector<Figure> pipeline_figures(Pipeline& pipeline, const Modules& modules) {
    const auto& mqtt = pipeline.mqtt().counters();
    const auto& writer = pipeline.writer().counters();
    const auto& inbox = pipeline.inbox().counters();
    const char* messages = "vigie_mqtt_messages_total";
    const char* messages_help = "MQTT publications received";
    return {
        gauge("vigie_mqtt_connections", "open MQTT connections", mqtt.connections),
        gauge("vigie_mqtt_sessions", "MQTT sessions, connected or not", mqtt.sessions),
        counter(messages, messages_help, mqtt.messages_in_qos0, "qos", "0"),
        counter(messages, messages_help, mqtt.messages_in_qos1, "qos", "1"),
        counter(messages, messages_help, mqtt.messages_in_qos2, "qos", "2"),
        counter("vigie_mqtt_turned_away_total", "connections closed at once: one too many",
                mqtt.turned_away),
        counter("vigie_mqtt_wills_lost_total", "wills for which there was no room for too long",
                mqtt.wills_lost),
        counter("vigie_mqtt_refused_total", "connections refused at CONNECT", mqtt.refused),
        counter("vigie_mqtt_dropped_qos0_total", "QoS 0 publications dropped for want of room",
                mqtt.dropped_qos0),
        counter("vigie_mqtt_retained_311_total",
                "retained publications of 3.1.1 taken as ordinary ones", mqtt.retained_3_1_1),
        counter("vigie_mqtt_protocol_errors_total", "malformed packets and broken rules",
                mqtt.protocol_errors),
        counter("vigie_mqtt_cut_off_total", "connections cut off because they did not read",
                mqtt.cut_off),
        counter("vigie_mqtt_pauses_total", "times reading stopped for want of room", mqtt.pauses),
        counter("vigie_mqtt_slowed_total", "times reading stopped above a credential's rate",
                mqtt.slowed),
        counter("vigie_mqtt_dropped_above_rate_total",
                "QoS 0 publications dropped above a credential's rate", mqtt.dropped_above_rate),
        counter("vigie_mqtt_ended_above_rate_total",
                "connections ended: above the rate for too long, or revoked",
                mqtt.ended_above_rate),
        counter("vigie_ingest_http_above_rate_total", "HTTP requests answered 429",
                inbox.http_above_rate),
        counter("vigie_ingest_throttled_total", "wrong sign-ins answered to come back later",
                pipeline.throttle().throttled()),
        counter("vigie_ingest_unread_sign_ins_total",
                "sign-ins put off to the next minute, their secrets not looked at",
                pipeline.throttle().guesses().unread()),
        counter("vigie_ingest_too_large_total", "HTTP bodies beyond their credential's limit",
                inbox.too_large),
        counter("vigie_mqtt_received_bytes_total", "bytes received", mqtt.bytes_in),
        counter("vigie_ingest_observations_total", "observations accepted", inbox.messages),
        counter("vigie_ingest_refused_total", "messages refused and quarantined", inbox.refused),
        counter("vigie_ingest_unknown_properties_total", "values of unknown properties set aside",
                inbox.unknown_properties),
        counter("vigie_ingest_without_time_total", "observations stamped with their arrival",
                inbox.without_time),
        counter("vigie_ingest_no_room_total", "offers turned away until there is room",
                inbox.no_room),
        counter("vigie_store_frames_total", "frames made durable", writer.frames),
        counter("vigie_store_copied_total", "frames stored by COPY", writer.copied),
        counter("vigie_store_upserted_total", "frames stored by the merging upsert",
                writer.upserted),
        counter("vigie_store_late_total", "frames that came for packed days", writer.late),
        counter("vigie_store_commits_total", "commits of the writers", writer.commits),
        counter("vigie_store_conflicts_total", "two values for one property and instant",
                writer.conflicts),
        counter("vigie_store_refused_rows_total", "rows the database refused", writer.refused_rows),
        counter("vigie_store_retries_total", "batches tried again because the database was away",
                writer.retries),
        gauge("vigie_store_pending", "frames accepted and not yet durable", writer.pending),
        gauge("vigie_store_away", "1 while the database is away", writer.away),
        counter("vigie_spool_frames_total", "frames made durable in the spool", writer.spooled),
        counter("vigie_spool_drained_total", "frames brought from the spool to the database",
                writer.drained),
        counter("vigie_spool_full_total", "times that the spool had no room", writer.spool_full),
        gauge("vigie_spool_bytes", "bytes that wait in the spool",
              pipeline.spool().counters().bytes),
        {"vigie_spool_damaged_bytes", "bytes of the spools that are damaged and kept aside", false,
         [&modules] { return static_cast<double>(modules.spool_damaged_bytes()); }, "", ""},
    };
}

std::vector<Figure> door_figures(const std::string& door, const net::HttpServer& server) {
    const auto& counters = server.counters();
    const auto figure = [&](const char* name, const char* help,
                            const std::atomic<std::uint64_t>& value, bool grows) {
        return Figure{name,   help, grows, [&value] { return static_cast<double>(value.load()); },
                      "door", door};
    };
    return {figure("vigie_http_connections", "open HTTP connections", counters.connections, false),
            figure("vigie_http_websockets", "open WebSockets", counters.websockets, false),
            figure("vigie_http_requests_total", "HTTP requests", counters.requests, true),
            figure("vigie_http_malformed_total", "requests that were not HTTP", counters.malformed,
                   true),
            figure("vigie_http_sent_bytes_total", "bytes sent", counters.bytes_out, true)};
}

std::vector<Sample> route_samples(const std::string& door, const api::Router& router) {
    std::vector<Sample> out;
    for (const auto& count : router.counts()) {
        const std::vector<std::pair<std::string, std::string>> labels{
            {"door", door},
            {"method", count.method},
            {"route", count.route},
            {"status", std::to_string(count.status)}};
        out.push_back({"vigie_http_answers_total", "answers by route and status", true, labels,
                       static_cast<double>(count.requests)});
        out.push_back({"vigie_http_answer_seconds_total",
                       "time from the request to its answer, in all", true, labels, count.seconds});
    }
    return out;
}

std::vector<Figure> city_figures(Foundation& foundation) {
    return {
        {"vigie_assets", "assets in the catalogue", false,
         [&foundation] {
             return static_cast<double>(foundation.registry.current()->assets().size());
         },
         "", ""},
        {"vigie_assets_clock_skewed", "assets whose clock is off by more than 30 seconds", false,
         [&foundation] { return static_cast<double>(foundation.city.state().skewed_assets()); }, "",
         ""},
        {"vigie_live_frames_waiting", "frames on their way to the live city", false,
         [&foundation] { return static_cast<double>(foundation.city.frames_waiting()); }, "", ""},
        {"vigie_stream_subscribers", "subscriptions to the stream", false,
         [&foundation] { return static_cast<double>(foundation.stream.subscribers()); }, "", ""},
        {"vigie_stream_sequence", "events published on the stream", true,
         [&foundation] { return static_cast<double>(foundation.stream.last()); }, "", ""},
        {"process_resident_memory_bytes", "memory of the server", false, resident_bytes, "", ""}};
}

std::vector<Figure> storage_figures(const Storage& storage) {
    const auto& rollups = storage.rollups();
    const auto& archive = storage.archive();
    return {
        counter("vigie_storage_rollups_total", "days of an asset whose roll-up was computed",
                rollups.days),
        counter("vigie_storage_closed_days_total", "days packed", archive.closed_days),
        counter("vigie_storage_repacked_total", "days of an asset packed anew with what came late",
                archive.repacked),
        counter("vigie_storage_conflicts_total",
                "two values for one property and instant of a day that is packed",
                archive.conflicts),
        counter("vigie_storage_failures_total", "rounds of closing days that were broken off",
                archive.failures),
    };
}

}  // namespace vigie::app
