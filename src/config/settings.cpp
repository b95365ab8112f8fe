#include "vigie/config/settings.hpp"

#include <date/tz.h>
#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <sstream>
#include <variant>
#include <vector>

#include "vigie/base/limits.hpp"
#include "vigie/base/text.hpp"

namespace vigie::config {

namespace {

using Target = std::variant<std::string*, std::int64_t*, bool*>;

struct Setting {
    const char* key;  // "table.key"
    Target (*target)(Settings&);
    std::variant<const char*, std::int64_t, bool> initial;
    std::int64_t min{};
    std::int64_t max{};
    const char* unit;
    const char* sentence;
};

constexpr std::int64_t port_max = 65'535;
// One message always finds room, if only it waits: it would be offered again for ever otherwise.
constexpr std::int64_t largest_message_frames = base::limits::senml_records_per_message_max;
constexpr std::int64_t mebibyte = std::int64_t{1} << 20U;
constexpr std::int64_t gibibyte = std::int64_t{1} << 30U;

#define VIGIE_AT(member) [](Settings& s) -> Target { return &s.member; }

const std::vector<Setting>& table() {
    static const std::vector<Setting> settings = {
        {"city.name", VIGIE_AT(city.name), "Vigie", 0, 0, "",
         "What the console shows as the name of the control room."},
        {"city.time_zone", VIGIE_AT(city.time_zone), "Europe/Paris", 0, 0, "IANA zone",
         "Local time of calendars and reports; everything is stored in UTC."},
        {"paths.folder", VIGIE_AT(paths.folder), "data", 0, 0, "path",
         "Where this installation keeps its data: the embedded PostgreSQL and the admin socket."},
        {"paths.kinds_folder", VIGIE_AT(paths.kinds_folder), "config/kinds", 0, 0, "path",
         "The kinds of assets, one TOML file each."},
        {"paths.console_folder", VIGIE_AT(paths.console_folder), "build/console", 0, 0, "path",
         "The built console that the control door serves."},
        {"database.url", VIGIE_AT(database.url), "", 0, 0, "libpq connection string",
         "A PostgreSQL server of your own, as the role vigie_app; empty: a private one is kept in "
         "the data folder."},
        {"database.owner_url", VIGIE_AT(database.owner_url), "", 0, 0, "libpq connection string",
         "The same database as the role vigie_owner, for migrations and daily partitions; needed "
         "with database.url."},
        {"database.bin_folder", VIGIE_AT(database.bin_folder), "", 0, 0, "path",
         "Programs of the private PostgreSQL; empty: the newest installed."},
        {"database.shared_buffers_mb", VIGIE_AT(database.shared_buffers_mb), std::int64_t{256}, 16,
         65'536, "MiB", "Memory of the private PostgreSQL for its pages."},
        {"database.pool_threads", VIGIE_AT(database.pool_threads), std::int64_t{4}, 1, 64,
         "connections", "Connections that answer the control door."},
        {"database.public_pool_threads", VIGIE_AT(database.public_pool_threads), std::int64_t{2}, 1,
         64, "connections",
         "Connections that answer the public door; the control room never waits for them."},
        {"database.writers", VIGIE_AT(database.writers), std::int64_t{2}, 1, 16, "connections",
         "Connections that store observations."},
        {"database.answer_limit_s", VIGIE_AT(database.answer_limit_s), std::int64_t{5}, 1, 300, "s",
         "A database that stays silent for longer when it is to store observations is taken to be "
         "away: they go to the spool."},
        {"spool.bytes_max", VIGIE_AT(spool.bytes_max), 4 * gibibyte, mebibyte, 1'024 * gibibyte,
         "bytes",
         "How much may wait in the spool, in the data folder, while the database is away; beyond, "
         "devices are made to wait."},
        {"storage.disk_free_alarm_bytes", VIGIE_AT(storage.disk_free_alarm_bytes), 4 * gibibyte, 0,
         1'024 * gibibyte, "bytes", "Less free space on the data folder's disk raises an alarm."},
        {"storage.disk_free_min_bytes", VIGIE_AT(storage.disk_free_min_bytes), gibibyte, 0,
         1'024 * gibibyte, "bytes",
         "With less free space on the data folder's disk devices are made to wait, before "
         "PostgreSQL fills it."},
        {"storage.close_hour", VIGIE_AT(storage.close_hour), std::int64_t{3}, 0, 23,
         "hour, local time", "From which hour of the day past days are packed."},
        {"storage.close_after_days", VIGIE_AT(storage.close_after_days), std::int64_t{2}, 2, 365,
         "days", "How long a day stays open for what comes late before it is packed."},
        {"server.io_threads", VIGIE_AT(server.io_threads), std::int64_t{1}, 1, 64, "threads",
         "Threads that serve devices and the control door; the public door has one of its own."},
        {"server.shutdown_limit_s", VIGIE_AT(server.shutdown_limit_s), std::int64_t{20}, 1, 300,
         "s",
         "What the doors and what makes durable have, together, at an orderly stop; the rest is "
         "cut."},
        {"device.address", VIGIE_AT(device.address), "127.0.0.1", 0, 0, "address",
         "Where the device door listens."},
        {"device.mqtt_plain", VIGIE_AT(device.mqtt_plain), true, 0, 0, "",
         "MQTT without TLS is served: at device.address on loopback or behind a proxy, else on "
         "127.0.0.1 only; false: not at all."},
        {"device.mqtt_port", VIGIE_AT(device.mqtt_port), std::int64_t{1883}, 0, port_max, "port",
         "MQTT without TLS; 0: any free port."},
        {"device.mqtt_tls_port", VIGIE_AT(device.mqtt_tls_port), std::int64_t{8883}, 0, port_max,
         "port", "MQTT over TLS; opened when device.certificate is set."},
        {"device.http_port", VIGIE_AT(device.http_port), std::int64_t{8081}, 0, port_max, "port",
         "HTTP ingestion; 0: any free port."},
        {"device.certificate", VIGIE_AT(device.certificate), "", 0, 0, "PEM file",
         "Certificate chain of the device door."},
        {"device.private_key", VIGIE_AT(device.private_key), "", 0, 0, "PEM file",
         "Its private key."},
        {"device.client_ca", VIGIE_AT(device.client_ca), "", 0, 0, "PEM file",
         "Authorities whose client certificates are taken at MQTT over TLS; empty: none is asked "
         "for."},
        {"device.client_certificate_required", VIGIE_AT(device.client_certificate_required), false,
         0, 0, "",
         "Nobody speaks MQTT over TLS without a client certificate of those authorities."},
        {"device.behind_proxy", VIGIE_AT(device.behind_proxy), false, 0, 0, "",
         "A proxy ends TLS in front of the device door: it may listen beyond loopback without a "
         "certificate."},
        {"device.connections_max", VIGIE_AT(device.connections_max), std::int64_t{50'000}, 1,
         1'000'000, "connections",
         "MQTT connections at once, and a quarter as many of HTTP; beyond, closed at once. Fewer "
         "when the process may not have so many files open."},
        {"device.pending_frames_max", VIGIE_AT(device.pending_frames_max), std::int64_t{100'000},
         largest_message_frames, 10'000'000, "frames",
         "Accepted and not yet durable; beyond, devices are made to wait."},
        {"device.session_expiry_s_max", VIGIE_AT(device.session_expiry_s_max),
         std::int64_t{604'800}, 0, 31'536'000, "s",
         "How long an MQTT session waits for its client at most, whatever the client asks (3.1.1 "
         "can ask for no time: this one holds); 0: no session outlives its connection."},
        {"device.messages_per_s", VIGIE_AT(device.messages_per_s), std::int64_t{200}, 0, 1'000'000,
         "messages/s",
         "What a credential may send for each asset it covers, unless it has limits of its own; 0, "
         "or a credential for every asset: any number."},
        {"device.values_per_s", VIGIE_AT(device.values_per_s), std::int64_t{2'000}, 0, 10'000'000,
         "values/s", "The same for the values in its messages."},
        {"device.burst_s", VIGIE_AT(device.burst_s), std::int64_t{10}, 1, 3'600, "s",
         "After a silence, what the rate allows in that time may come at once."},
        {"device.above_rate_s", VIGIE_AT(device.above_rate_s), std::int64_t{300}, 1, 86'400, "s",
         "A credential above its rate is slowed; when that has lasted so long, its connections are "
         "ended with a reason."},
        {"device.message_bytes_max", VIGIE_AT(device.message_bytes_max), std::int64_t{1'048'576},
         1'024, 8'388'608, "bytes",
         "A message of a credential without a limit of its own: an HTTP body. An MQTT packet has "
         "262144 at most, whatever is set."},
        {"control.address", VIGIE_AT(control.address), "127.0.0.1", 0, 0, "address",
         "Where the control door listens."},
        {"control.port", VIGIE_AT(control.port), std::int64_t{8080}, 0, port_max, "port",
         "The console, REST and the stream; 0: any free port."},
        {"control.certificate", VIGIE_AT(control.certificate), "", 0, 0, "PEM file",
         "Certificate chain of the control door."},
        {"control.private_key", VIGIE_AT(control.private_key), "", 0, 0, "PEM file",
         "Its private key."},
        {"control.behind_proxy", VIGIE_AT(control.behind_proxy), false, 0, 0, "",
         "A proxy ends TLS in front of the control door and sets X-Forwarded-For and "
         "X-Forwarded-Proto."},
        {"public.address", VIGIE_AT(open.address), "127.0.0.1", 0, 0, "address",
         "Where the public door listens."},
        {"public.port", VIGIE_AT(open.port), std::int64_t{8082}, 0, port_max, "port",
         "Open data; 0: any free port."},
        {"public.certificate", VIGIE_AT(open.certificate), "", 0, 0, "PEM file",
         "Certificate chain of the public door."},
        {"public.private_key", VIGIE_AT(open.private_key), "", 0, 0, "PEM file",
         "Its private key."},
        {"public.behind_proxy", VIGIE_AT(open.behind_proxy), false, 0, 0, "",
         "A proxy or cache stands in front of the public door."},
        {"admin.socket", VIGIE_AT(admin.socket), "", 0, 0, "path",
         "Unix socket of the admin door; empty: admin.sock in the data folder."},
        {"admin.metrics_port", VIGIE_AT(admin.metrics_port), std::int64_t{9464}, 0, port_max,
         "port", "/metrics, /healthz and /readyz, on loopback only; 0: any free port."},
        {"log.level", VIGIE_AT(log.level), "info", 0, 0, "debug, info, warn, error",
         "The least urgent line that is written."},
        {"log.format", VIGIE_AT(log.format), "text", 0, 0, "text, json",
         "How log lines are written."},
    };
    return settings;
}

#undef VIGIE_AT

template <typename... F>
struct Overloaded : F... {
    using F::operator()...;
};

void set_initial(Settings& settings, const Setting& setting) {
    std::visit(
        Overloaded{[&](std::string* text) { *text = std::get<const char*>(setting.initial); },
                   [&](std::int64_t* number) { *number = std::get<std::int64_t>(setting.initial); },
                   [&](bool* flag) { *flag = std::get<bool>(setting.initial); }},
        setting.target(settings));
}

std::string pointer_of(std::string_view key) {
    std::string pointer = "/" + std::string(key);
    std::ranges::replace(pointer, '.', '/');
    return pointer;
}

class Reader {
public:
    Reader(Settings& settings, const std::string& file) : settings_(settings), file_(file) {}

    void read(const toml::table& root) {
        for (const auto& [name, node] : root) {
            const std::string table_name(name.str());
            if (const auto* values = node.as_table()) {
                for (const auto& [key, value] : *values)
                    read_value(table_name + "." + std::string(key.str()), value);
            } else {
                wrong(table_name, node, "is not a table", "n'est pas une table");
            }
        }
    }
    std::vector<base::FieldError> errors;

private:
    void wrong(std::string_view key, const toml::node& node, const std::string& en,
               const std::string& fr) {
        const auto line = node.source().begin.line;
        errors.push_back({pointer_of(key),
                          {fmt::format("{}:{}: {} {}", file_, line, key, en),
                           fmt::format("{}:{} : {} {}", file_, line, key, fr)}});
    }

    void read_value(const std::string& key, const toml::node& node) {
        const auto found =
            std::ranges::find_if(table(), [&](const Setting& s) { return key == s.key; });
        if (found == table().end())
            return wrong(key, node, "is not a setting", "n'est pas un réglage");
        std::visit(Overloaded{[&](std::string* text) {
                                  if (const auto* value = node.as_string()) {
                                      *text = value->get();
                                  } else {
                                      wrong(key, node, "must be a text", "doit être un texte");
                                  }
                              },
                              [&](std::int64_t* number) { read_number(*found, node, *number); },
                              [&](bool* flag) {
                                  if (const auto* value = node.as_boolean()) {
                                      *flag = value->get();
                                  } else {
                                      wrong(key, node, "must be true or false",
                                            "doit être true ou false");
                                  }
                              }},
                   found->target(settings_));
    }

    void read_number(const Setting& setting, const toml::node& node, std::int64_t& number) {
        const auto* value = node.as_integer();
        if (value == nullptr)
            return wrong(setting.key, node, "must be a whole number", "doit être un nombre entier");
        if (value->get() < setting.min || value->get() > setting.max) {
            return wrong(setting.key, node,
                         fmt::format("must lie between {} and {}", setting.min, setting.max),
                         fmt::format("doit être compris entre {} et {}", setting.min, setting.max));
        }
        number = value->get();
    }

    Settings& settings_;
    const std::string& file_;
};

base::Error mistakes(std::vector<base::FieldError> errors) {
    base::Error error = base::fail(base::Errc::invalid, "the settings are not valid",
                                   "les réglages ne sont pas valides");
    error.fields = std::move(errors);
    return error;
}

void check_door(std::vector<base::FieldError>& errors, const std::string& door,
                const std::string& address, const std::string& certificate, const std::string& key,
                bool behind_proxy) {
    if (certificate.empty() != key.empty()) {
        errors.push_back({"/" + door + "/private_key",
                          {door + ": a certificate and its private key go together",
                           door + " : un certificat et sa clé privée vont ensemble"}});
    }
    if (is_loopback(address) || !certificate.empty() || behind_proxy) return;
    errors.push_back(
        {"/" + door + "/address",
         {door + " listens on " + address + ", beyond loopback: set a certificate, or behind_proxy",
          door + " écoute sur " + address +
              ", hors de la machine : donner un certificat, ou behind_proxy"}});
}

bool is_time_zone(const std::string& name) {
    try {
        return date::locate_zone(name) != nullptr;
    } catch (const std::exception&) {
        return false;
    }
}

// Where the file says what is wrong: the key, else its table, else no place.
void add_places(std::vector<base::FieldError>& errors, const toml::table& root,
                const std::string& file) {
    for (auto& error : errors) {
        const auto path = base::split(std::string_view(error.pointer).substr(1), '/');
        const toml::node* place = root.get(path.front());
        const auto* table = place == nullptr ? nullptr : place->as_table();
        if (table != nullptr && path.size() > 1) {
            if (const toml::node* key = table->get(path[1])) place = key;
        }
        if (place == nullptr) continue;
        const auto line = place->source().begin.line;
        error.message.en = fmt::format("{}:{}: {}", file, line, error.message.en);
        error.message.fr = fmt::format("{}:{} : {}", file, line, error.message.fr);
    }
}

std::string default_text(const Setting& setting) {
    return std::visit(
        Overloaded{[](const char* text) {
                       return *text == '\0' ? std::string("empty") : fmt::format("`\"{}\"`", text);
                   },
                   [](std::int64_t number) { return fmt::format("`{}`", number); },
                   [](bool flag) { return std::string(flag ? "`true`" : "`false`"); }},
        setting.initial);
}

}  // namespace

bool is_loopback(const std::string& address) {
    return address == "::1" || address.starts_with("127.");
}

std::optional<std::string> plain_mqtt_address(const Settings& settings) {
    const auto& device = settings.device;
    if (!device.mqtt_plain) return std::nullopt;
    if (device.behind_proxy || is_loopback(device.address)) return device.address;
    return "127.0.0.1";
}

Settings defaults() {
    Settings settings;
    for (const auto& setting : table())
        set_initial(settings, setting);
    return settings;
}

// Client certificates need the certificate of the door, and authorities that issue them.
void check_client_certificates(std::vector<base::FieldError>& errors, const Settings& settings) {
    const auto& device = settings.device;
    if (!device.client_ca.empty() && device.certificate.empty()) {
        errors.push_back({"/device/client_ca",
                          {"client certificates are for TLS: set device.certificate",
                           "les certificats de clients demandent TLS : device.certificate"}});
    }
    if (device.client_certificate_required && device.client_ca.empty()) {
        errors.push_back({"/device/client_certificate_required",
                          {"name the authorities in device.client_ca",
                           "nommer les autorités dans device.client_ca"}});
    }
}

base::Result<void> validate(const Settings& settings) {
    std::vector<base::FieldError> errors;
    const auto& device = settings.device;
    check_door(errors, "device", device.address, device.certificate, device.private_key,
               device.behind_proxy);
    check_client_certificates(errors, settings);
    const auto& control = settings.control;
    check_door(errors, "control", control.address, control.certificate, control.private_key,
               control.behind_proxy);
    const auto& open = settings.open;
    check_door(errors, "public", open.address, open.certificate, open.private_key,
               open.behind_proxy);
    const auto one_of = [&](const char* pointer, const std::string& value,
                            std::initializer_list<const char*> allowed) {
        if (std::ranges::any_of(allowed, [&](const char* a) { return value == a; })) return;
        errors.push_back({pointer,
                          {value + " is not one of the words allowed",
                           value + " n'est pas un des mots permis"}});
    };
    if (!is_time_zone(settings.city.time_zone)) {
        errors.push_back(
            {"/city/time_zone",
             {fmt::format("\"{}\" is not a time zone that this machine knows",
                          settings.city.time_zone),
              fmt::format("\"{}\" n'est pas un fuseau connu ici", settings.city.time_zone)}});
    }
    one_of("/log/level", settings.log.level, {"debug", "info", "warn", "error"});
    one_of("/log/format", settings.log.format, {"text", "json"});
    if (settings.database.url.empty() != settings.database.owner_url.empty()) {
        errors.push_back({"/database/owner_url",
                          {"database.url and database.owner_url go together",
                           "database.url et database.owner_url vont ensemble"}});
    }
    if (!errors.empty()) return mistakes(std::move(errors));
    return {};
}

base::Result<Settings> parse(std::string_view text, const std::string& file_name) {
    Settings settings = defaults();
    try {
        const toml::table root = toml::parse(text, file_name);
        Reader reader(settings, file_name);
        reader.read(root);
        if (!reader.errors.empty()) return mistakes(std::move(reader.errors));
        if (auto valid = validate(settings); !valid) {
            auto error = std::move(valid).error();
            add_places(error.fields, root, file_name);
            return error;
        }
    } catch (const toml::parse_error& error) {
        const std::string where =
            fmt::format("{}:{}: {}", file_name, error.source().begin.line, error.description());
        return mistakes({{"/", {where, where}}});
    }
    return settings;
}

base::Result<Settings> load(const std::filesystem::path& file) {
    std::ifstream in(file);
    if (!in) {
        return base::fail(base::Errc::not_found, "cannot read " + file.string(),
                          "lecture impossible : " + file.string());
    }
    std::ostringstream text;
    text << in.rdbuf();
    return parse(text.str(), file.string());
}

std::string reference_page() {
    std::string page =
        "# Configuration\n\n"
        "`vigied --config FILE` reads a TOML file; every key has a default, an unknown key stops "
        "the start. Made by\n"
        "`vigied --print-config-reference`.\n";
    std::string section;
    for (const auto& setting : table()) {
        const std::string key = setting.key;
        const std::string table_name = key.substr(0, key.find('.'));
        if (table_name != section) {
            section = table_name;
            page += fmt::format("\n## [{}]\n\n| key | default | unit | |\n|---|---|---|---|\n",
                                section);
        }
        page += fmt::format("| `{}` | {} | {} | {} |\n", key.substr(section.size() + 1),
                            default_text(setting), setting.unit, setting.sentence);
    }
    return page;
}

}  // namespace vigie::config
