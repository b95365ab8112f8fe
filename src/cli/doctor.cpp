#include "cli/doctor.hpp"

#include <fmt/format.h>

#include "cli/session.hpp"

namespace vigie::cli {

using nlohmann::json;

namespace {

constexpr std::uint64_t mebibyte = 1ULL << 20U;
constexpr std::uint64_t gibibyte = 1ULL << 30U;

Finding door_finding(const std::string& name, const json& door) {
    if (!door.contains("port"))
        return {Verdict::ok, "door " + name, "unix socket " + cell(door, "socket")};
    const std::string place = cell(door, "address") + " port " + cell(door, "port");
    const bool tls = door.value("tls", false);
    if (door.value("loopback", false))
        return {Verdict::ok, "door " + name, place + ": this machine only" + (tls ? ", TLS" : "")};
    if (tls) return {Verdict::ok, "door " + name, place + ": exposed, with TLS"};
    if (door.value("behind_proxy", false))
        return {Verdict::warning, "door " + name,
                place +
                    ": exposed without TLS, because the settings say that a proxy stands in "
                    "front: make sure that nothing else reaches it"};
    return {Verdict::failure, "door " + name, place + ": exposed without TLS"};
}

void examine_doors(const json& status, std::vector<Finding>& findings) {
    if (!status.contains("doors")) return;
    for (const auto& [name, door] : status["doors"].items())
        findings.push_back(door_finding(name, door));
}

void examine_ingestion(const json& status, std::vector<Finding>& findings) {
    const json ingestion = status.value("ingestion", json::object());
    const auto refused = ingestion.value("refused", std::uint64_t{0});
    const auto taken = ingestion.value("observations", std::uint64_t{0});
    if (ingestion.value("database_away", false))
        findings.push_back(
            {Verdict::failure, "database",
             fmt::format("away: observations are kept in the spool ({:.1f} MiB of them) and "
                         "acknowledged; what people do in the room is refused until it is back",
                         static_cast<double>(ingestion.value("spool_bytes", std::uint64_t{0})) /
                             mebibyte)});
    if (refused == 0) {
        findings.push_back(
            {Verdict::ok, "observations", fmt::format("{} taken, none refused", taken)});
    } else {
        findings.push_back(
            {Verdict::warning, "observations",
             fmt::format("{} taken, {} refused since the start: vigie quarantine list "
                         "says why",
                         taken, refused)});
    }
}

void examine_disk(const DiskSpace& disk, std::vector<Finding>& findings) {
    const double percent = disk.all_bytes == 0 ? 0.0
                                               : 100.0 * static_cast<double>(disk.free_bytes) /
                                                     static_cast<double>(disk.all_bytes);
    const bool short_of = disk.free_bytes < 2 * gibibyte || percent < 5;
    const bool empty = disk.free_bytes < gibibyte / 4;
    const Verdict verdict = empty ? Verdict::failure : short_of ? Verdict::warning : Verdict::ok;
    findings.push_back(
        {verdict, "disk",
         fmt::format("{:.1f} GiB free of {:.1f} ({:.0f} %) in {}",
                     static_cast<double>(disk.free_bytes) / gibibyte,
                     static_cast<double>(disk.all_bytes) / gibibyte, percent, disk.folder)});
}

}  // namespace

const char* to_string(Verdict verdict) {
    if (verdict == Verdict::ok) return "ok";
    return verdict == Verdict::warning ? "warning" : "FAILURE";
}

std::vector<Finding> examine(const json& status, const std::optional<DiskSpace>& disk) {
    std::vector<Finding> findings;
    const json obstacles = status.value("obstacles", json::array());
    for (const json& obstacle : obstacles)
        findings.push_back({Verdict::failure, "ready",
                            obstacle.is_string() ? obstacle.get<std::string>() : obstacle.dump()});
    if (obstacles.empty()) findings.push_back({Verdict::ok, "ready", "the server is ready"});
    examine_doors(status, findings);
    const auto assets = status.value("assets", std::uint64_t{0});
    if (assets == 0) {
        findings.push_back(
            {Verdict::warning, "assets",
             "none yet: vigie asset import brings them, vigie credential create lets "
             "their devices in"});
    } else {
        findings.push_back({Verdict::ok, "assets", fmt::format("{} known", assets)});
    }
    examine_ingestion(status, findings);
    if (disk) examine_disk(*disk, findings);
    return findings;
}

}  // namespace vigie::cli
