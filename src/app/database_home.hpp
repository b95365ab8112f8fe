// Where the data live: the private PostgreSQL, or one that city IT runs.
#pragma once

#include <memory>
#include <string>

#include "app/start_steps.hpp"
#include "vigie/config/settings.hpp"
#include "vigie/store/postgres.hpp"

namespace vigie::app {

class DatabaseHome {
public:
    explicit DatabaseHome(const config::Settings& settings);
    // Starts or adopts the private cluster, if that is where the data live, ends what an earlier
    // server that was killed may have under way there, and applies the missing migrations.
    void open(StartSteps* steps = nullptr);
    void close();
    // Starts the private PostgreSQL again when it is no longer running: it was killed, or ran out
    // of memory. To be called now and then; a start that fails is tried again the next time.
    void revive();

    [[nodiscard]] const std::string& app_url() const { return app_url_; }
    [[nodiscard]] const std::string& owner_url() const { return owner_url_; }
    [[nodiscard]] bool embedded() const { return cluster_ != nullptr; }
    // Whether what is stored takes room on the disk of vigied's own data folder; once opened.
    [[nodiscard]] bool shares_disk() const { return shares_disk_; }

private:
    std::unique_ptr<store::Cluster> cluster_;
    std::string app_url_;
    std::string owner_url_;
    std::string folder_;
    bool shares_disk_{};
};

}  // namespace vigie::app
