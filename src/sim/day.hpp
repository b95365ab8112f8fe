// The city's day at one instant: local time and sun. What every device's behaviour follows.
#pragma once

#include <string>
#include <vector>

#include "vigie/base/geometry.hpp"
#include "vigie/base/time.hpp"

namespace date {
class time_zone;
}

namespace vigie::sim {

struct Moment {
    base::Instant at;
    double hour{};     // local, 0 to 24
    int day{};         // local date, in days since 1970-01-01
    int weekday{};     // local, 0 is Sunday
    double sun_deg{};  // elevation
    double season{};   // -1 in mid-January, 1 in mid-July
    [[nodiscard]] bool is_weekend() const { return weekday == 0 || weekday == 6; }
};

class LocalDay {
public:
    // Throws when the zone is not known to the machine.
    LocalDay(const std::string& zone, base::LonLat centre);
    [[nodiscard]] Moment at(base::Instant instant) const;

private:
    const date::time_zone* zone_;
    base::LonLat centre_;
};

// Share of full light that the lighting programme wants once it is dark: dimmed from late evening
// until early morning.
[[nodiscard]] double lighting_level(double hour);

// The sun's elevation below which light is wanted.
inline constexpr double dusk_deg = -1.5;

// How long the city's lights have burnt since 2026-01-01T00:00Z, and how long at full power they
// would have taken for the same energy. What meters and lamps count.
class BurningHours {
public:
    struct Hours {
        double lit{};
        double full{};
    };
    explicit BurningHours(const LocalDay& local_day) : local_day_(local_day) {}
    // Remembers what it has summed; 0 before 2026.
    [[nodiscard]] Hours at(base::Instant instant);

private:
    const LocalDay& local_day_;
    std::vector<Hours> sums_{Hours{}};
};

}  // namespace vigie::sim
