#include "app/console_files.hpp"

#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string_view>
#include <utility>

namespace vigie::app {

namespace {

namespace fs = std::filesystem;

constexpr const char* policy_file = "csp.json";
constexpr const char* policy_key = "Content-Security-Policy";
constexpr const char* policy_default =
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self' "
    "data: blob:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action "
    "'self'; "
    "frame-ancestors 'self'";

std::shared_ptr<const std::string> contents(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return std::make_shared<const std::string>(std::move(text).str());
}

std::string media_type(const fs::path& path) {
    constexpr std::array<std::pair<std::string_view, const char*>, 12> types{{
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".json", "application/json"},
        {".webmanifest", "application/manifest+json"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".txt", "text/plain; charset=utf-8"},
        {".map", "application/json"},
    }};
    const std::string ending = path.extension().string();
    for (const auto& [known, type] : types) {
        if (ending == known) return type;
    }
    return "application/octet-stream";
}

std::string etag_of(const std::string& bytes) {
    return "\"" + std::to_string(std::hash<std::string>{}(bytes)) + "-" +
           std::to_string(bytes.size()) + "\"";
}

bool accepts(const wire::Request& request, std::string_view coding) {
    return request.headers.get("Accept-Encoding").find(coding) != std::string_view::npos;
}

}  // namespace

ConsoleFiles::ConsoleFiles(const fs::path& folder) : policy_(policy_default) {
    if (!fs::is_directory(folder)) return;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        if (!entry.is_regular_file()) continue;
        const std::string ending = entry.path().extension().string();
        const std::string name = "/" + fs::relative(entry.path(), folder).generic_string();
        if (name == std::string("/") + policy_file) {
            const auto parsed = nlohmann::json::parse(*contents(entry.path()), nullptr, false);
            if (parsed.is_object() && parsed.contains(policy_key))
                policy_ = parsed[policy_key].get<std::string>();
            continue;
        }
        if (ending == ".br" || ending == ".gz" || name.starts_with("/.")) continue;
        File file;
        file.media_type = media_type(entry.path());
        file.plain = contents(entry.path());
        file.etag = etag_of(*file.plain);
        file.immutable = name.starts_with("/assets/");
        const fs::path packed = entry.path();
        if (fs::exists(packed.string() + ".br")) file.brotli = contents(packed.string() + ".br");
        if (fs::exists(packed.string() + ".gz")) file.gzip = contents(packed.string() + ".gz");
        files_.emplace(name, std::move(file));
    }
}

std::optional<wire::Response> ConsoleFiles::serve(const wire::Request& request) const {
    if (request.method != "GET") return std::nullopt;
    if (files_.empty()) {
        wire::Response response;
        response.status = 503;
        response.headers.add("Content-Type", "text/plain; charset=utf-8");
        response.body = "The console has not been built: run scripts/build.\n";
        return response;
    }
    auto found = files_.find(request.path);
    // Pages of the console are addressed by path; their one document sorts them out.
    const bool is_page = request.path.find('.') == std::string::npos;
    if (found == files_.end() && is_page) {
        const bool crew = request.path == "/crew" || request.path.starts_with("/crew/");
        found = files_.find(crew ? "/crew.html" : "/index.html");
    }
    if (found == files_.end()) return std::nullopt;
    return answer(found->second, request);
}

wire::Response ConsoleFiles::answer(const File& file, const wire::Request& request) const {
    wire::Response response;
    response.headers.add("ETag", file.etag);
    response.headers.add("Cache-Control",
                         file.immutable ? "public, max-age=31536000, immutable" : "no-cache");
    response.headers.add("Content-Security-Policy", policy_);
    response.headers.add("X-Content-Type-Options", "nosniff");
    response.headers.add("Referrer-Policy", "same-origin");
    response.headers.add("Vary", "Accept-Encoding");
    if (request.headers.get("If-None-Match") == file.etag) {
        response.status = 304;
        return response;
    }
    response.headers.add("Content-Type", file.media_type);
    if (file.brotli && accepts(request, "br")) {
        response.headers.add("Content-Encoding", "br");
        response.shared_body = file.brotli;
    } else if (file.gzip && accepts(request, "gzip")) {
        response.headers.add("Content-Encoding", "gzip");
        response.shared_body = file.gzip;
    } else {
        response.shared_body = file.plain;
    }
    return response;
}

}  // namespace vigie::app
