// A cluster of the test's own, which vigied does not start again by itself.
#pragma once

#include <fmt/format.h>
#include <stdlib.h>

#include <filesystem>
#include <stdexcept>
#include <string>

#include "vigie/store/postgres.hpp"

namespace vigie::e2e {

class OwnCluster {
public:
    explicit OwnCluster(const std::filesystem::path& parent = "/tmp") : folder_(parent) {
        cluster.start();
    }
    ~OwnCluster() { cluster.stop(); }
    OwnCluster(const OwnCluster&) = delete;
    OwnCluster& operator=(const OwnCluster&) = delete;

    // Lines of [database].
    [[nodiscard]] std::string settings() const {
        return fmt::format("url = \"{}\"\nowner_url = \"{}\"\n", cluster.url("vigie_app"),
                           cluster.url("vigie_owner"));
    }
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path; }

private:
    struct Folder {
        explicit Folder(const std::filesystem::path& parent) {
            std::string name = parent / "vigie-e2e-pg-XXXXXX";
            if (mkdtemp(name.data()) == nullptr)
                throw std::runtime_error("no folder in " + parent.string());
            path = name;
            std::filesystem::permissions(path, std::filesystem::perms(0755));
        }
        ~Folder() { std::filesystem::remove_all(path); }
        Folder(const Folder&) = delete;
        Folder& operator=(const Folder&) = delete;
        std::filesystem::path path;
    };
    Folder folder_;

public:
    store::Cluster cluster{
        {.folder = folder_.path, .bin_folder = {}, .run_as = {}, .shared_buffers_mb = 64}};
};

}  // namespace vigie::e2e
