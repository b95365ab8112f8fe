// The built console, read once and served from memory: hashed names are immutable, the rest is
// revalidated.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "vigie/wire/http.hpp"

namespace vigie::app {

class ConsoleFiles {
public:
    // Reads the whole folder. A folder that is not there makes every answer say that the console
    // was not built.
    explicit ConsoleFiles(const std::filesystem::path& folder);
    // Nothing for a path that is no file of the console and no page of its own.
    [[nodiscard]] std::optional<wire::Response> serve(const wire::Request& request) const;
    [[nodiscard]] std::size_t count() const { return files_.size(); }

private:
    struct File {
        std::string media_type;
        std::string etag;
        bool immutable{};
        std::shared_ptr<const std::string> plain;
        std::shared_ptr<const std::string> brotli;
        std::shared_ptr<const std::string> gzip;
    };
    [[nodiscard]] wire::Response answer(const File& file, const wire::Request& request) const;
    std::map<std::string, File, std::less<>> files_;  // by path, "/assets/x.js"
    std::string policy_;                              // Content-Security-Policy
};

}  // namespace vigie::app
