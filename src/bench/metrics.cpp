#include "bench/metrics.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

#include "bench/web_socket.hpp"

namespace vigie::bench {

double figure_of(std::uint16_t metrics_port, const std::string& name) {
    const int door = connected_to(metrics_port);
    std::string answer;
    try {
        send_text(door, "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
        std::array<char, 16'384> bytes{};
        for (auto got = recv(door, bytes.data(), bytes.size(), 0); got > 0;
             got = recv(door, bytes.data(), bytes.size(), 0))
            answer.append(bytes.data(), static_cast<std::size_t>(got));
    } catch (...) {
        close(door);
        throw;
    }
    close(door);
    const auto at = answer.find("\n" + name + " ");
    if (at == std::string::npos) throw std::runtime_error("/metrics does not know " + name);
    return std::stod(answer.substr(at + name.size() + 2));
}

}  // namespace vigie::bench
