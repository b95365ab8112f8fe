#include <nlohmann/json.hpp>

#include "operations/codec.hpp"
#include "operations/contacts.hpp"
#include "operations/routes.hpp"
#include "vigie/api/body.hpp"

namespace vigie::operations {

namespace {

using api::Answer;

Answer receive_contact(Room& room, const api::Request& request, store::Transaction& tx) {
    api::Body body(request.json());
    Contact contact;
    contact.channel = body.choice("channel", {"phone", "counter", "email", "radio", "other"});
    contact.summary = body.text("summary");
    contact.desk = body.optional_choice(
                           "desk", {"security", "police", "video", "traffic", "winter", "citizen"})
                       .value_or("");
    const Caller caller{body.optional_text("caller_name", {0, 200}).value_or(""),
                        body.optional_text("callback_number", {0, 40}).value_or("")};
    contact.place.position = body.optional_position("position");
    contact.place.address = body.optional_text("address", {0, 200}).value_or("");
    contact.answered = body.optional_boolean("answered").value_or(false);
    contact.incident =
        body.optional_integer("incident", 1, std::numeric_limits<std::int64_t>::max());
    if (const auto read = body.finish(); !read) return read.error();
    const auto received =
        contacts::receive(room, tx, asker_of(request), std::move(contact), caller);
    if (!received) return received.error();
    return api::json_response(201, to_json(*received, std::nullopt));
}

Answer read_contact(const api::Request& request, store::Transaction& tx) {
    const auto id = number_in_path(request, "id");
    const auto found = contacts::read(tx, asker_of(request), id.value_or(0));
    if (!found) return found.error();
    return api::json_response(200, to_json(found->contact, found->caller));
}

}  // namespace

void add_contact_routes(api::Router& router, Room& room, store::Pool& pool) {
    router.post("/api/v1/contacts", api::operate("contacts"),
                [&room](const api::Request& request, store::Transaction& tx) {
                    return receive_contact(room, request, tx);
                });
    // Reading writes: who looked at whose number is in the audit, or nobody sees it.
    router.handle("GET", "/api/v1/contacts/{id}", api::view("contacts"),
                  [&pool](api::Request request) -> boost::asio::awaitable<Answer> {
                      auto shared = std::make_shared<const api::Request>(std::move(request));
                      co_return co_await pool.write(
                          [shared](store::Transaction& tx) { return read_contact(*shared, tx); });
                  });
}

}  // namespace vigie::operations
