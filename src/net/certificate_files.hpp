// The files of a door with TLS.
#pragma once

#include <fmt/format.h>
#include <boost/asio/ssl/context.hpp>
#include <stdexcept>
#include <string>

namespace vigie::net {

// Throws std::runtime_error that names the file which cannot be used, and whose right is missing.
template <typename Use>
void use_file(const std::string& file, Use use) {
    try {
        use(file);
    } catch (const boost::system::system_error& error) {
        throw std::runtime_error(fmt::format(
            "{} cannot be used ({}): it must be PEM, and readable by the user vigied runs as", file,
            error.code().message()));
    }
}

inline void use_certificate(boost::asio::ssl::context& context, const std::string& chain_file,
                            const std::string& key_file) {
    use_file(chain_file, [&](const auto& file) { context.use_certificate_chain_file(file); });
    use_file(key_file, [&](const auto& file) {
        context.use_private_key_file(file, boost::asio::ssl::context::pem);
    });
}

}  // namespace vigie::net
