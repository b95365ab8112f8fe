// A database of its own for each test that asks, on one disposable cluster a test program.
#pragma once

#include <string>

namespace vigie::test {

class Database {
public:
    // A copy of a template to which every migration was applied.
    Database();
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    [[nodiscard]] std::string app_url() const { return url("vigie_app"); }
    [[nodiscard]] std::string owner_url() const { return url("vigie_owner"); }
    [[nodiscard]] std::string superuser_url() const { return url("vigie"); }
    // Nobody gets in, and whoever was in is thrown out; or they may come again.
    void shut(bool is_shut) const;

private:
    [[nodiscard]] std::string url(const std::string& role) const;
    std::string name_;
};

}  // namespace vigie::test
