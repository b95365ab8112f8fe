#include "vigie/ingest/quarantine.hpp"

#include <boost/asio/this_coro.hpp>
#include <limits>
#include <nlohmann/json.hpp>

#include "ingest/durable_wait.hpp"
#include "ingest/quarantine_store.hpp"
#include "vigie/access/audit.hpp"
#include "vigie/api/paging.hpp"
#include "vigie/base/limits.hpp"
#include "vigie/base/text.hpp"

namespace vigie::ingest {

namespace {

class CityIt final : public Sender {
public:
    [[nodiscard]] const std::string& name() const override { return name_; }
    [[nodiscard]] bool may(assets::AssetId) const override { return true; }
    [[nodiscard]] bool may_backfill() const override { return true; }

private:
    std::string name_ = "replay";
};

nlohmann::json to_json(const QuarantineRow& row) {
    const bool readable = base::is_utf8(row.payload) && base::is_utf8(row.topic);
    return {{"id", std::to_string(row.id)},
            {"received_at", base::to_rfc3339(row.received_at)},
            {"credential", row.credential},
            {"channel", row.channel},
            {"topic", readable ? row.topic : base::to_hex(row.topic)},
            {"reason", row.reason},
            {"detail", row.detail},
            {"payload", readable ? row.payload : base::to_hex(row.payload)},
            {"payload_is_hex", !readable}};
}

base::Error unknown_row() {
    return base::fail(base::Errc::not_found, "no such row in quarantine",
                      "ligne inconnue en quarantaine");
}

api::Answer list(const api::Request& request, store::Transaction& tx) {
    const auto limit = request.limit();
    if (!limit) return limit.error();
    const auto after = api::read_cursor<std::int64_t>(request);
    if (!after) return after.error();
    const auto before = *after ? std::get<0>(**after) : std::numeric_limits<std::int64_t>::max();
    api::Page page(*limit);
    for (const auto& row :
         list_quarantine(tx, before, request.query("reason").value_or(""), *limit + 1)) {
        if (!page.add(to_json(row), api::make_cursor(row.id))) break;
    }
    return page.response();
}

std::optional<std::int64_t> id_of(const api::Request& request) {
    return base::parse_int(request.path_value("id"));
}

struct Replay {
    store::Pool& pool;
    Inbox& inbox;
    const base::Clock& clock;
    std::chrono::milliseconds patience;
};

base::Result<Sorted> sort_again(const Replay& replay, const QuarantineRow& row) {
    if (row.payload.size() >= base::limits::quarantine_payload_bytes_max) {
        return base::fail(base::Errc::conflict, "the payload was cut when it was kept",
                          "le contenu a été tronqué lorsqu'il a été gardé");
    }
    const CityIt sender;
    const bool by_http = row.channel == "http";
    Parcel parcel{&sender, by_http ? "http" : "mqtt", row.topic, row.payload, replay.clock.now()};
    parcel.first_received_at = row.received_at;
    auto sorted = by_http ? replay.inbox.sort_messages(parcel) : replay.inbox.sort_topic(parcel);
    if (sorted.refusal) {
        return base::fail_at(base::Errc::conflict, sorted.refusal->pointer,
                             sorted.refusal->detail.en, sorted.refusal->detail.fr);
    }
    return sorted;
}

// Each of a row's texts that comes from outside, in the audit.
constexpr std::size_t audited_text_bytes_max = 2'000;

std::string escaped(const nlohmann::json& object) {
    return object.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

// The row goes, and what was in it that the observations do not hold: whose it was and why it was
// refused stay in the audit, its topic and the user properties of its sender beside it.
void take_out(store::Transaction& tx, const QuarantineRow& row, const api::Request& request) {
    delete_quarantine(tx, row.id);
    auto entry =
        access::audit_entry(request.actor, request.now, "POST " + request.route, request.http.path);
    entry.status = 200;
    entry.peer = request.http.peer;
    entry.detail = escaped({{"credential", row.credential},
                            {"channel", row.channel},
                            {"reason", row.reason},
                            {"received_at", base::to_rfc3339(row.received_at)}});
    entry.words = escaped({{"topic", base::cut_utf8(row.topic, audited_text_bytes_max)},
                           {"detail", base::cut_utf8(row.detail, audited_text_bytes_max)}});
    access::append_audit(tx, entry);
}

// The row goes only after what it holds is durable: if the program ends in between, both are there,
// and a second replay changes nothing.
boost::asio::awaitable<api::Answer> replay(Replay with, api::Request request) {
    const auto id = id_of(request);
    if (!id) co_return unknown_row();
    const auto row = co_await with.pool.read(
        [id = *id](store::Transaction& tx) { return find_quarantine(tx, id); });
    if (!row) co_return unknown_row();
    auto sorted = sort_again(with, *row);
    if (!sorted) co_return sorted.error();
    const DurableWait wait(co_await boost::asio::this_coro::executor, with.patience);
    sorted->submission.durable = wait.told();
    if (!with.inbox.submit(*sorted)) {
        co_return base::fail(base::Errc::unavailable, "no room for more observations now",
                             "pas de place pour d'autres mesures");
    }
    if (!co_await wait.wait()) {
        co_return base::fail(base::Errc::unavailable,
                             "not durable yet, the row stays: try it again later",
                             "pas encore enregistré, la ligne reste : recommencer plus tard");
    }
    const auto asked = std::make_shared<const api::Request>(std::move(request));
    const auto taken = std::make_shared<const QuarantineRow>(*row);
    co_await with.pool.write(
        [taken, asked](store::Transaction& tx) { take_out(tx, *taken, *asked); });
    co_return api::json_response(200, {{"stored", sorted->messages}});
}

}  // namespace

std::size_t purge_quarantine(store::Pool& pool) {
    return pool.write_now([](store::Transaction& tx) {
        return store::drop_oldest_quarantine(tx, base::limits::quarantine_rows_max);
    });
}

void add_quarantine_routes(api::Router& admin, store::Pool& pool, Inbox& inbox,
                           const base::Clock& clock, std::chrono::milliseconds patience) {
    admin.get("/admin/v1/quarantine", api::view("ingest"), list);
    admin.get("/admin/v1/quarantine/{id}", api::view("ingest"),
              [](const api::Request& request, store::Transaction& tx) -> api::Answer {
                  const auto id = id_of(request);
                  const auto row = id ? find_quarantine(tx, *id) : std::nullopt;
                  if (!row) return unknown_row();
                  return api::json_response(200, to_json(*row));
              });
    admin.handle("POST", "/admin/v1/quarantine/{id}/replay", api::operate("ingest"),
                 [&pool, &inbox, &clock, patience](api::Request request) {
                     return replay({pool, inbox, clock, patience}, std::move(request));
                 });
}

}  // namespace vigie::ingest
