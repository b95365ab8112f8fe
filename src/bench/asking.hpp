// A console's connection to the control door, one question after the other.
#pragma once

#include <cstdint>
#include <string>

namespace vigie::bench {

class Asking {
public:
    // `cookie` of a session.
    Asking(std::uint16_t port, std::string cookie);
    ~Asking();
    Asking(const Asking&) = delete;
    Asking& operator=(const Asking&) = delete;

    // The body of the answer; throws unless it is 200.
    std::string get(const std::string& target);

private:
    std::uint16_t port_;
    std::string cookie_;
    int socket_;
    std::string bytes_;
};

}  // namespace vigie::bench
