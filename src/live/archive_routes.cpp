#include <spdlog/spdlog.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>

#include <nlohmann/json.hpp>

#include "vigie/live/archive.hpp"

namespace vigie::live {

namespace {

using boost::asio::awaitable;

// These take long and block: a thread of their own. Whoever comes, or waits for it, when the server
// stops is told so at once.
template <typename Work>
awaitable<api::Answer> clerked(Archive& archive, Work work) {
    using Later = std::optional<api::Answer>;
    archive.throw_when_stopping();
    auto answer = co_await boost::asio::co_spawn(
        archive.clerk(),
        [](Archive& of, Work task) -> awaitable<Later> {
            of.throw_when_stopping();
            co_return Later(task());
        }(archive, std::move(work)),
        boost::asio::use_awaitable);
    co_return *std::move(answer);
}

nlohmann::json closed_json(const store::ClosedDay& closed) {
    return {{"day", store::date_text(closed.day)},
            {"frames", closed.frames},
            {"values", closed.values},
            {"bytes", closed.bytes}};
}

api::Answer answer_close(Archive& archive, const std::optional<std::string>& text) {
    nlohmann::json rows = nlohmann::json::array();
    if (!text) {
        for (const auto& closed : archive.close_due())
            rows.push_back(closed_json(closed));
        return api::json_response(200, {{"closed", rows}});
    }
    const auto midnight = base::parse_rfc3339(*text + "T00:00:00Z");
    if (!midnight) {
        return base::fail_at(base::Errc::invalid, "day", "must be a day, YYYY-MM-DD",
                             "doit être un jour, AAAA-MM-JJ");
    }
    const auto closed = archive.close(store::day_of(*midnight));
    if (!closed) return closed.error();
    rows.push_back(closed_json(*closed));
    return api::json_response(200, {{"closed", rows}});
}

base::Result<std::optional<std::size_t>> sample_of(const api::Request& request) {
    const auto text = request.query("sample").value_or("1000");
    if (text == "all") return std::optional<std::size_t>{};
    std::size_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc{} || end != text.data() + text.size() || count == 0) {
        return base::fail_at(base::Errc::invalid, "sample", "must be a number from 1, or all",
                             "doit être un nombre à partir de 1, ou all");
    }
    return std::optional<std::size_t>{count};
}

api::Answer answer_verify(Archive& archive, std::optional<std::size_t> sample) {
    const auto found = archive.verify(sample);
    return api::json_response(200, {{"whole", found.fault_count == 0},
                                    {"chunks", found.chunks},
                                    {"frames", found.frames},
                                    {"rollups", found.rollups},
                                    {"skipped", found.skipped},
                                    {"fault_count", found.fault_count},
                                    {"faults", found.faults}});
}

}  // namespace

void add_storage_admin_routes(api::Router& admin, Archive& archive) {
    admin.handle("GET", "/admin/v1/storage", api::signed_in(),
                 [&archive](api::Request) -> awaitable<api::Answer> {
                     return clerked(archive, [&archive]() -> api::Answer {
                         return api::json_response(200, archive.status());
                     });
                 });
    admin.handle("POST", "/admin/v1/storage/close", api::signed_in(),
                 [&archive](api::Request request) -> awaitable<api::Answer> {
                     spdlog::info("{} asks to close days", request.actor.login);
                     return clerked(archive, [&archive, day = request.query("day")] {
                         return answer_close(archive, day);
                     });
                 });
    admin.handle("GET", "/admin/v1/storage/verify", api::signed_in(),
                 [&archive](api::Request request) -> awaitable<api::Answer> {
                     const auto sample = sample_of(request);
                     if (!sample) co_return sample.error();
                     co_return co_await clerked(archive, [&archive, wanted = *sample] {
                         return answer_verify(archive, wanted);
                     });
                 });
}

}  // namespace vigie::live
