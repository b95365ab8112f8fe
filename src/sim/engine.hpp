// The city at work: which device reports when, what breaks, what is repaired.
//
// It owns no clock and no socket: advance_to() says how far time has come, and every report due
// until then goes to the sink in the order of its instant. The same fleet, seed, start and orders
// give the same reports, however the way is cut into steps.
#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sim/device.hpp"
#include "sim/random.hpp"
#include "vigie/base/result.hpp"

namespace vigie::sim {

// All devices of a city, and the streets its vehicles follow.
struct Fleet {
    std::vector<Device> devices;
    StreetMap streets;
    base::LonLat centre;
};

struct EngineSettings {
    std::uint64_t seed{1};
    std::string zone{"Europe/Paris"};
    double rate_multiplier{1};  // shortens every reporting period
    bool random_failures{true};
    double failure_rate{1};                 // multiplies how often things break
    std::chrono::seconds first_report{60};  // within which every device reports after the start
};

struct Report {
    base::Instant at;
    std::size_t device{};
    Readings readings;
};

[[nodiscard]] std::optional<Trouble> trouble_named(std::string_view word);
[[nodiscard]] std::string_view name_of(Trouble trouble);

class Engine {
public:
    using Sink = std::function<void(const Report&)>;

    Engine(const Fleet& fleet, EngineSettings settings, base::Instant start, Sink sink);

    void advance_to(base::Instant instant);

    // Makes a device fail, or sets it right again; what it then has to say is said at once, at the
    // instant last advanced to. not_found: no such device. conflict: not that kind of device, or
    // there is nothing to clear. Failing in the way it already fails changes nothing.
    base::Result<void> fail(std::string_view code, Trouble trouble);
    base::Result<void> clear(std::string_view code, Trouble trouble);

    [[nodiscard]] Trouble trouble_of(std::size_t device) const { return states_[device].trouble; }
    [[nodiscard]] base::Instant now() const { return now_; }
    [[nodiscard]] std::size_t troubled() const;

private:
    enum class Due { tick, breakage, repair, report };
    struct Entry {
        base::Instant at;
        Due due{};
        std::size_t subject{};  // device; of a breakage, the trouble
        friend auto operator<=>(const Entry&, const Entry&) = default;
    };
    struct State {
        Trouble trouble{Trouble::none};
        base::Instant since;
        std::optional<base::Instant> repaired_at;  // of a trouble that came by chance
        bool feeders_on{};                         // of a cabinet, as last reported
    };

    void perform(const Entry& entry);
    void tick();
    void report_if_able(std::size_t device);
    [[nodiscard]] Readings readings_of(std::size_t device);
    [[nodiscard]] bool is_fed(const Device& device) const;
    [[nodiscard]] std::chrono::microseconds period_of(std::size_t device);
    [[nodiscard]] base::Instant next_report(std::size_t device);
    void emit(std::size_t device, Readings readings);
    const Surroundings& surroundings();
    [[nodiscard]] Surroundings surroundings_at(base::Instant instant);
    [[nodiscard]] VehicleState vehicle_state(std::size_t device);
    void set_trouble(std::size_t device, Trouble trouble);
    void plan_breakage(Trouble trouble);
    void break_something(Trouble trouble);
    [[nodiscard]] base::Result<std::size_t> find(std::string_view code, Trouble trouble) const;

    const Fleet& fleet_;
    EngineSettings settings_;
    Sink sink_;
    LocalDay local_day_;
    BurningHours burning_;
    base::Instant now_;
    base::Instant around_second_;
    std::optional<Surroundings> around_;
    std::vector<State> states_;
    std::unordered_map<std::string_view, std::size_t> by_code_;
    std::array<std::vector<std::size_t>, 6> prone_;  // by trouble: the devices it may befall
    std::unordered_map<std::size_t, std::pair<int, Journey>> journeys_;  // with the local day
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue_;
    Random random_;
};

}  // namespace vigie::sim
