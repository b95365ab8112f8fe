#include "sim/engine.hpp"

#include <algorithm>
#include <cmath>

#include "sim/readings.hpp"

namespace vigie::sim {

namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::seconds;

constexpr seconds tick_period{5};
constexpr seconds moving_period{10};
constexpr seconds parked_period{300};
constexpr double year_h = 8'766;

// How often one device suffers it, and how long it lasts on average when it came by chance.
struct Frequency {
    double between_h;
    double lasts_h;
};
Frequency frequency_of(Trouble trouble) {
    switch (trouble) {
        case Trouble::lamp:
            return {6 * year_h, 60};
        case Trouble::cabinet:
            return {2 * year_h, 2};
        case Trouble::silent:
            return {0.7 * year_h, 5};
        case Trouble::stuck_detector:
            return {year_h, 20};
        case Trouble::flashing_amber:
            return {year_h, 1.5};
        case Trouble::none:
            break;
    }
    return {1e12, 1};
}

constexpr std::array<std::pair<std::string_view, Trouble>, 5> trouble_names{{
    {"lamp", Trouble::lamp},
    {"cabinet", Trouble::cabinet},
    {"silent", Trouble::silent},
    {"stuck-detector", Trouble::stuck_detector},
    {"flashing-amber", Trouble::flashing_amber},
}};

bool may_suffer(DeviceKind kind, Trouble trouble) {
    switch (trouble) {
        case Trouble::lamp:
            return kind == DeviceKind::light_point;
        case Trouble::cabinet:
            return kind == DeviceKind::lighting_cabinet;
        case Trouble::stuck_detector:
            return kind == DeviceKind::traffic_detector;
        case Trouble::flashing_amber:
            return kind == DeviceKind::signal_junction;
        case Trouble::silent:
            return true;
        case Trouble::none:
            break;
    }
    return false;
}

seconds reporting_period(DeviceKind kind) {
    switch (kind) {
        case DeviceKind::light_point:
        case DeviceKind::air_station:
            return seconds{900};
        case DeviceKind::lighting_cabinet:
        case DeviceKind::weather_station:
            return seconds{300};
        case DeviceKind::signal_junction:
        case DeviceKind::traffic_detector:
        case DeviceKind::camera:
        case DeviceKind::car_park:
        case DeviceKind::vehicle:
            break;
    }
    return seconds{60};
}

}  // namespace

std::optional<Trouble> trouble_named(std::string_view word) {
    for (const auto& [name, trouble] : trouble_names) {
        if (name == word) return trouble;
    }
    return std::nullopt;
}

std::string_view name_of(Trouble trouble) {
    for (const auto& [name, named] : trouble_names) {
        if (named == trouble) return name;
    }
    return "none";
}

Engine::Engine(const Fleet& fleet, EngineSettings settings, base::Instant start, Sink sink)
    : fleet_(fleet),
      settings_(std::move(settings)),
      sink_(std::move(sink)),
      local_day_(settings_.zone, fleet.centre),
      burning_(local_day_),
      now_(start),
      states_(fleet.devices.size()),
      random_(settings_.seed, "breakages") {
    for (std::size_t i = 0; i < fleet.devices.size(); ++i) {
        const Device& device = fleet.devices[i];
        by_code_.emplace(device.code, i);
        for (const auto& [_, trouble] : trouble_names) {
            // By chance only devices with a line of their own fall silent: 34,000 lamps would.
            const bool by_chance =
                trouble != Trouble::silent ||
                (device.kind != DeviceKind::light_point && device.kind != DeviceKind::vehicle);
            if (by_chance && may_suffer(device.kind, trouble))
                prone_.at(static_cast<std::size_t>(trouble)).push_back(i);
        }
        if (device.kind == DeviceKind::lighting_cabinet)
            states_[i].feeders_on = feeders_wanted(device, settings_.seed, surroundings().moment);
        const auto within = std::min<microseconds>(settings_.first_report, period_of(i));
        const double part = unit_of(settings_.seed, device.number, 17);
        queue_.push({start + microseconds{std::llround(static_cast<double>(within.count()) * part)},
                     Due::report, i});
    }
    queue_.push({start + tick_period, Due::tick, 0});
    if (!settings_.random_failures) return;
    for (const auto& [_, trouble] : trouble_names)
        plan_breakage(trouble);
}

void Engine::advance_to(base::Instant instant) {
    while (!queue_.empty() && queue_.top().at <= instant) {
        const Entry entry = queue_.top();
        queue_.pop();
        now_ = std::max(now_, entry.at);
        perform(entry);
    }
    now_ = std::max(now_, instant);
}

void Engine::perform(const Entry& entry) {
    switch (entry.due) {
        case Due::tick:
            tick();
            queue_.push({entry.at + tick_period, Due::tick, 0});
            break;
        case Due::breakage:
            break_something(static_cast<Trouble>(entry.subject));
            break;
        case Due::repair:
            // Not if it was set right by hand meanwhile, and perhaps broken anew.
            if (states_[entry.subject].repaired_at == entry.at)
                set_trouble(entry.subject, Trouble::none);
            break;
        case Due::report:
            report_if_able(entry.subject);
            queue_.push({next_report(entry.subject), Due::report, entry.subject});
            break;
    }
}

// A cabinet says at once that it switched its feeders.
void Engine::tick() {
    for (std::size_t i = 0; i < fleet_.devices.size(); ++i) {
        const Device& device = fleet_.devices[i];
        if (device.kind != DeviceKind::lighting_cabinet) continue;
        const bool wanted = feeders_wanted(device, settings_.seed, surroundings().moment);
        if (wanted == states_[i].feeders_on) continue;
        states_[i].feeders_on = wanted;
        report_if_able(i);
    }
}

bool Engine::is_fed(const Device& device) const {
    if (device.kind != DeviceKind::light_point || device.cabinet < 0) return true;
    const State& cabinet = states_[static_cast<std::size_t>(device.cabinet)];
    return cabinet.feeders_on && cabinet.trouble != Trouble::cabinet;
}

void Engine::report_if_able(std::size_t device) {
    if (states_[device].trouble == Trouble::silent || !is_fed(fleet_.devices[device])) return;
    emit(device, readings_of(device));
}

Readings Engine::readings_of(std::size_t index) {
    const Device& device = fleet_.devices[index];
    const std::uint64_t seed = settings_.seed;
    const Trouble trouble = states_[index].trouble;
    const Surroundings& around = surroundings();
    switch (device.kind) {
        case DeviceKind::light_point:
            return light_point_readings(device, seed, around, trouble == Trouble::lamp);
        case DeviceKind::lighting_cabinet:
            return cabinet_readings(device, seed, around, trouble == Trouble::cabinet);
        case DeviceKind::signal_junction:
            return junction_readings(device, seed, around, trouble == Trouble::flashing_amber);
        case DeviceKind::traffic_detector:
            if (trouble == Trouble::stuck_detector)
                return detector_readings(device, seed, surroundings_at(states_[index].since), true);
            return detector_readings(device, seed, around, false);
        case DeviceKind::camera:
            return camera_readings(device, seed, around);
        case DeviceKind::air_station:
            return air_readings(device, seed, around);
        case DeviceKind::weather_station:
            return weather_readings(device, seed, around);
        case DeviceKind::car_park:
            return car_park_readings(device, seed, around);
        case DeviceKind::vehicle:
            break;
    }
    return vehicle_readings(device, vehicle_state(index), around);
}

microseconds Engine::period_of(std::size_t device) {
    seconds period = reporting_period(fleet_.devices[device].kind);
    if (fleet_.devices[device].kind == DeviceKind::vehicle)
        period = vehicle_state(device).ignition ? moving_period : parked_period;
    return microseconds{std::llround(static_cast<double>(microseconds{period}.count()) /
                                     settings_.rate_multiplier)};
}

// Each device keeps its own place within the period, so that the load is even; the first report
// after the start may come sooner.
base::Instant Engine::next_report(std::size_t device) {
    const microseconds period = period_of(device);
    const double part = unit_of(settings_.seed, fleet_.devices[device].number, 19);
    const microseconds phase{std::llround(static_cast<double>(period.count()) * part)};
    const microseconds since = now_.time_since_epoch() - phase;
    return base::Instant{phase + (since / period + 1) * period};
}

void Engine::emit(std::size_t device, Readings readings) {
    sink_({now_, device, std::move(readings)});
}

// To the second: what surrounds a device does not change faster.
const Surroundings& Engine::surroundings() {
    const base::Instant second = std::chrono::floor<seconds>(now_);
    if (!around_ || around_second_ != second) {
        around_second_ = second;
        around_ = surroundings_at(second);
    }
    return *around_;
}

Surroundings Engine::surroundings_at(base::Instant instant) {
    const Moment moment = local_day_.at(std::chrono::floor<seconds>(instant));
    return {moment, burning_.at(moment.at), weather_at(settings_.seed, moment)};
}

VehicleState Engine::vehicle_state(std::size_t index) {
    const Moment& moment = surroundings().moment;
    const Device& device = fleet_.devices[index];
    auto at = journeys_.find(index);
    if (at == journeys_.end() || at->second.first != moment.day) {
        journeys_.erase(index);
        at = journeys_
                 .emplace(index, std::pair(moment.day,
                                           Journey(fleet_.streets, device.place, settings_.seed,
                                                   device.number, moment, device.equipment)))
                 .first;
    }
    // Within the second: a vehicle moves.
    const double part =
        std::chrono::duration<double, std::ratio<3600>>(now_ - around_second_).count();
    return at->second.second.at(moment.hour + part);
}

// Sets or ends a trouble, and lets those concerned say so at once.
void Engine::set_trouble(std::size_t index, Trouble trouble) {
    const Device& device = fleet_.devices[index];
    const Trouble before = states_[index].trouble;
    const bool was_feeding = device.kind == DeviceKind::lighting_cabinet &&
                             states_[index].feeders_on && before != Trouble::cabinet;
    states_[index].trouble = trouble;
    states_[index].since = now_;
    states_[index].repaired_at.reset();
    report_if_able(index);
    for (const int fed : device.feeds) {
        const auto light = static_cast<std::size_t>(fed);
        if (states_[light].trouble == Trouble::silent) continue;
        if (trouble == Trouble::cabinet && was_feeding) emit(light, last_gasp());
        if (before == Trouble::cabinet && trouble != Trouble::cabinet) report_if_able(light);
    }
}

void Engine::plan_breakage(Trouble trouble) {
    const auto& prone = prone_.at(static_cast<std::size_t>(trouble));
    if (prone.empty() || settings_.failure_rate <= 0) return;
    const double mean_h = frequency_of(trouble).between_h / static_cast<double>(prone.size()) /
                          settings_.failure_rate;
    const double wait_us = random_.exponential(mean_h) * 3.6e9;
    if (wait_us > 1e15) return;  // thirty years: not in this run
    queue_.push({now_ + microseconds{std::llround(wait_us)}, Due::breakage,
                 static_cast<std::size_t>(trouble)});
}

void Engine::break_something(Trouble trouble) {
    const std::size_t device = random_.pick(prone_.at(static_cast<std::size_t>(trouble)));
    const double lasts_us = random_.exponential(frequency_of(trouble).lasts_h) * 3.6e9 + 60e6;
    if (states_[device].trouble == Trouble::none) {
        set_trouble(device, trouble);
        const base::Instant repaired_at = now_ + microseconds{std::llround(lasts_us)};
        states_[device].repaired_at = repaired_at;
        queue_.push({repaired_at, Due::repair, device});
    }
    plan_breakage(trouble);
}

base::Result<std::size_t> Engine::find(std::string_view code, Trouble trouble) const {
    const auto at = by_code_.find(code);
    const std::string name(code);
    if (at == by_code_.end())
        return base::fail(base::Errc::not_found, "no device " + name, "aucun équipement " + name);
    if (!may_suffer(fleet_.devices[at->second].kind, trouble)) {
        const std::string what(name_of(trouble));
        return base::fail(base::Errc::conflict, name + " cannot suffer '" + what + "'",
                          name + " ne peut pas subir « " + what + " »");
    }
    return at->second;
}

base::Result<void> Engine::fail(std::string_view code, Trouble trouble) {
    const auto device = find(code, trouble);
    if (!device) return device.error();
    if (states_[*device].trouble != trouble) set_trouble(*device, trouble);
    return {};
}

base::Result<void> Engine::clear(std::string_view code, Trouble trouble) {
    const auto device = find(code, trouble);
    if (!device) return device.error();
    if (states_[*device].trouble != trouble) {
        const std::string name(code);
        return base::fail(base::Errc::conflict, name + " does not suffer that",
                          name + " ne subit pas cette panne");
    }
    set_trouble(*device, Trouble::none);
    return {};
}

std::size_t Engine::troubled() const {
    return static_cast<std::size_t>(
        std::count_if(states_.begin(), states_.end(),
                      [](const State& state) { return state.trouble != Trouble::none; }));
}

}  // namespace vigie::sim
