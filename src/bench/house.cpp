#include "bench/house.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>

#include "bench/child.hpp"
#include "bench/web_socket.hpp"
#include "vigie/store/postgres.hpp"

namespace vigie::bench {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::atomic<House*> standing{nullptr};

constexpr std::chrono::seconds start_limit{120};
constexpr std::chrono::seconds stop_limit{60};

constexpr std::size_t communes_a_side = 5;
// What is measured must not be the limit of a credential.
constexpr int messages_per_s_max = 100'000;

constexpr const char* kind_head = R"(code = "bench_meter"
name = { en = "Metered light point", fr = "Point lumineux mesuré" }
desk = "video"
reporting_period_s = 900
)";

constexpr const char* kind_property = R"(
[[property]]
code = "{0}"
name = {{ en = "{0}", fr = "{0}" }}
type = "number"
unit = "{1}"
min = 0
max = 2000
)";

constexpr const char* kind_rules = R"(
[[rule]]
code = "power_high"
name = { en = "Power high", fr = "Puissance élevée" }
response = { en = "Look.", fr = "Regarder." }
condition = "above"
property = "power_w"
limit = 1500
dead_band = 50
raises = "alarm"
priority = 3

[[rule]]
code = "voltage_low"
name = { en = "Voltage low", fr = "Tension basse" }
response = { en = "Look.", fr = "Regarder." }
condition = "below"
property = "voltage_v"
limit = 180
dead_band = 5
delay_on_s = 30
raises = "maintenance"
priority = 4

[[rule]]
code = "silent"
name = { en = "Silent", fr = "Muet" }
response = { en = "Look.", fr = "Regarder." }
condition = "silent"
silent_periods = 3
raises = "maintenance"
priority = 4
)";

fs::path folder_for(const HouseSettings& settings) {
    if (!settings.folder.empty()) {
        fs::create_directories(settings.folder);
        return fs::canonical(settings.folder);
    }
    std::string name = "/tmp/vigie-bench-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder in /tmp");
    // The server may have to change its user, and then reads here.
    fs::permissions(name, fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec);
    return name;
}

std::string read_file(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

std::string tail_of(const fs::path& path) {
    const std::string text = read_file(path);
    return text.size() > 1'500 ? text.substr(text.size() - 1'500) : text;
}

bool is_answering(const fs::path& unix_socket) {
    const int knocking = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    std::strncpy(to.sun_path, unix_socket.c_str(), sizeof to.sun_path - 1);
    const bool answered = connect(knocking, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
    close(knocking);
    return answered;
}

}  // namespace

std::string asset_code(std::size_t number) {
    return fmt::format("BENCH-{:05}", number);
}

House::House(HouseSettings settings)
    : settings_(std::move(settings)), folder_(folder_for(settings_)) {
    write_files();
    standing = this;
}

House::~House() {
    if (standing.exchange(nullptr) == this) {
        close_down();
    } else {
        pause();  // abandon() is at it, and ends the program
    }
}

void House::close_down() {
    try {
        stop_server();
        store::Cluster({.folder = folder_, .bin_folder = {}, .run_as = {}}).stop();
    } catch (const std::exception&) {
        // It never got as far as having one.
    }
    std::error_code ignored;
    if (!settings_.keep) fs::remove_all(folder_, ignored);
}

void House::write_files() const {
    fs::create_directories(folder_ / "kinds");
    std::ofstream kind(folder_ / "kinds" / "bench_meter.toml");
    kind << kind_head;
    for (const auto& [code, unit] :
         {std::pair{"power_w", "W"}, {"level_pct", "%"}, {"voltage_v", "V"}, {"current_a", "A"}})
        kind << fmt::format(fmt::runtime(kind_property), code, unit);
    if (settings_.with_rules) kind << kind_rules;
    // As many devices as files may be open: the other doors need few here.
    constexpr int device_connections_max = 1'000'000;
    std::ofstream(folder_ / "vigie.toml") << fmt::format(
        "[paths]\nfolder = \"{0}\"\nkinds_folder = \"{0}/kinds\"\n"
        "[database]\nshared_buffers_mb = {1}\nwriters = {2}\n"
        "[device]\nmqtt_port = 0\nhttp_port = 0\nmessages_per_s = {3}\nvalues_per_s = {4}\n"
        "connections_max = {6}\n"
        "[control]\nport = 0\n[public]\nport = 0\n[admin]\nmetrics_port = 0\n"
        "[storage]\nclose_after_days = {5}\n",
        folder_.string(), settings_.shared_buffers_mb, settings_.writers, messages_per_s_max,
        4 * messages_per_s_max, settings_.close_after_days, device_connections_max);
}

std::chrono::milliseconds House::start() {
    const auto began = std::chrono::steady_clock::now();
    const int log = opened(folder_ / "vigied.log", O_WRONLY | O_CREAT | O_APPEND);
    server_ = spawn({settings_.programs / "vigied", "--config", folder_ / "vigie.toml"}, -1, log);
    close(log);
    while (true) {
        try {
            // A tool started in vain would take the processor from what it waits for.
            if (is_answering(folder_ / "admin.sock")) {
                status_ = json::parse(tool({"status", "--json"}));
                if (status_.value("ready", false)) break;
            }
        } catch (const std::exception&) {
            // not yet
        }
        if (waitpid(server_, nullptr, WNOHANG) == server_ ||
            std::chrono::steady_clock::now() > began + start_limit) {
            throw std::runtime_error("the server does not start:\n" +
                                     tail_of(folder_ / "vigied.log"));
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    const store::Cluster cluster({.folder = folder_, .bin_folder = {}, .run_as = {}});
    cluster_ = cluster.pid().value_or(0);
    return std::chrono::ceil<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
}

void House::kill_server() {
    kill(server_, SIGKILL);
    waitpid(server_, nullptr, 0);
    server_ = 0;
}

void House::abandon() {
    end_kept_children();
    if (House* house = standing.exchange(nullptr)) house->close_down();
}

void House::stop_server() {
    end_child(std::exchange(server_, 0), stop_limit);
}

std::string House::tool(const std::vector<std::string>& arguments, const std::string& input) const {
    std::vector<std::string> all{settings_.programs / "vigie", "--socket", folder_ / "admin.sock"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    std::ofstream(folder_ / "tool.in") << input;
    const int in = opened(folder_ / "tool.in", O_RDONLY);
    const int out = opened(folder_ / "tool.out", O_WRONLY | O_CREAT | O_TRUNC);
    const pid_t child = spawn(all, in, out);
    close(in);
    close(out);
    int status = 0;
    waitpid(child, &status, 0);
    const std::string said = read_file(folder_ / "tool.out");
    if (status != 0) throw std::runtime_error(fmt::format("vigie {}: {}", arguments.front(), said));
    return said;
}

// A chequerboard of squares over the assets.
std::vector<std::string> House::communes() {
    std::vector<std::string> codes;
    for (std::size_t i = 0; i < communes_a_side * communes_a_side; ++i)
        codes.push_back(fmt::format("21{:03}", i + 1));
    return codes;
}

void House::lay_communes() const {
    json features = json::array();
    const auto codes = communes();
    constexpr double width = 0.2 / communes_a_side;
    for (std::size_t i = 0; i < codes.size(); ++i) {
        const double west = 4.9 + width * static_cast<double>(i % communes_a_side);
        const double south = 47.2 + width * static_cast<double>(i / communes_a_side);
        const json ring = {{west, south},
                           {west + width, south},
                           {west + width, south + width},
                           {west, south + width},
                           {west, south}};
        features.push_back(
            {{"type", "Feature"},
             {"properties", {{"code", codes[i]}, {"name", "Commune " + codes[i]}}},
             {"geometry", {{"type", "Polygon"}, {"coordinates", json::array({ring})}}}});
    }
    std::ofstream(folder_ / "communes.geojson")
        << json{{"type", "FeatureCollection"}, {"features", features}}.dump();
    tool({"zone", "import", folder_ / "communes.geojson", "--type", "commune"});
}

std::vector<Device> House::settle() {
    if (settings_.with_communes) lay_communes();
    std::ofstream table(folder_ / "assets.csv");
    table << "code,lon,lat\n";
    json wishes = json::array();
    const std::size_t count = settings_.devices * settings_.assets_a_device;
    const auto side = static_cast<std::size_t>(std::ceil(std::sqrt(count)));
    for (std::size_t i = 0; i < count; ++i) {
        table << fmt::format(
            "{},{:.6f},{:.6f}\n", asset_code(i),
            4.9 + 0.2 * (0.5 + static_cast<double>(i % side)) / static_cast<double>(side),
            47.2 + 0.2 * (0.5 + static_cast<double>(i / side)) / static_cast<double>(side));
        if (i % settings_.assets_a_device == 0)
            wishes.push_back({{"name", asset_code(i)},
                              {"may_backfill", settings_.may_backfill},
                              {"assets", json::array()}});
        wishes.back()["assets"].push_back(asset_code(i));
    }
    table.close();
    tool({"asset", "import", folder_ / "assets.csv", "--kind", "bench_meter"});
    return credentials_for(wishes);
}

// A thousand at a time.
std::vector<Device> House::credentials_for(const json& wishes) const {
    const fs::path secrets = folder_ / "secrets.json";
    std::vector<Device> devices;
    for (std::size_t first = 0; first < wishes.size(); first += 1'000) {
        json some = json::array();
        for (std::size_t i = first; i < std::min(first + 1'000, wishes.size()); ++i)
            some.push_back(wishes[i]);
        std::ofstream(folder_ / "credentials.json") << some.dump();
        fs::remove(secrets);
        tool({"credential", "create", "--from-file", folder_ / "credentials.json", "--secrets-out",
              secrets});
        for (const auto& row : json::parse(read_file(secrets))) {
            std::vector<std::string> topics;
            for (const auto& code : wishes[devices.size()].at("assets"))
                topics.push_back("vigie/v1/" + code.get<std::string>() + "/observations");
            devices.push_back(
                {row.at("name"), row.at("username"), row.at("password"), std::move(topics)});
        }
    }
    return devices;
}

std::string House::sign_in_person() const {
    const std::string password = "vigie-bench-0123456789";
    tool(
        {"user", "add", "bench", "--role", "supervisor", "--employer", "Bench", "--password-stdin"},
        password + "\n");
    return sign_in(port("control"), "bench", password);
}

void House::settle_down(std::int64_t close_after_days) {
    stop_server();
    settings_.close_after_days = close_after_days;
    write_files();
    start();
}

std::uint16_t House::port(const char* door) const {
    return status_.at("doors").at(door).at("port").get<std::uint16_t>();
}

std::string House::url(const std::string& role) const {
    return store::Cluster({.folder = folder_, .bin_folder = {}, .run_as = {}}).url(role);
}

}  // namespace vigie::bench
