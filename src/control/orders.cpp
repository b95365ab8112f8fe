#include "control/orders.hpp"

#include <nlohmann/json.hpp>

#include "control/store_commands.hpp"
#include "vigie/base/limits.hpp"

namespace vigie::control::orders {

namespace {

using base::Errc;

constexpr std::string_view service = "control";

base::Error unknown_command() {
    return base::fail(Errc::not_found, "There is no such command.", "Cette commande n'existe pas.");
}

base::Error out_of_reach() {
    return base::fail(Errc::forbidden, "Your rights do not reach that commune.",
                      "Vos droits ne s'étendent pas à cette commune.");
}

base::Error queue_full(std::size_t queued) {
    auto error = base::fail(
        Errc::conflict,
        "Too many commands wait for this asset: cancel one, or wait until they have gone out.",
        "Trop de commandes attendent pour cet équipement : en annuler une, ou attendre leur "
        "envoi.");
    error.extension =
        nlohmann::json{{"queued", queued}, {"queued_max", base::limits::commands_queued_max}}
            .dump();
    return error;
}

}  // namespace

base::Result<const assets::Asset*> reach(const assets::Catalogue& catalogue,
                                         const std::string& code, const Asker& asker,
                                         access::Level level) {
    const assets::Asset* asset = catalogue.find(code);
    if (asset == nullptr || asset->life_stage == assets::LifeStage::removed)
        return base::fail(Errc::not_found, "There is no such asset.", "Équipement inconnu.");
    if (!asker.actor.may(level, service, asker.now, asset->commune)) return out_of_reach();
    return asset;
}

base::Result<Command> request(Room& room, store::Transaction& tx, const Asker& asker,
                              const assets::Asset& asset, const Wish& wish) {
    const std::size_t queued = command_store::count_queued_locked(tx, asset.id);
    if (queued >= base::limits::commands_queued_max) return queue_full(queued);
    Command command{.id = {},
                    .asset = asset.id,
                    .name = wish.command->code,
                    .parameters = wish.parameters,
                    .state = State::queued,
                    .state_since = asker.now,
                    .requested_at = asker.now,
                    .requested_by = asker.actor.login,
                    .requested_by_name = asker.actor.name,
                    .expires_at = asker.now + wish.expires,
                    .cause = {},
                    .detail = {},
                    .late = {},
                    .version = 1};
    command.id = command_store::insert(tx, command);
    write_changes(room, tx,
                  {{command,
                    {.command = command.id,
                     .from = std::nullopt,
                     .to = State::queued,
                     .author = asker.actor.login,
                     .author_name = asker.actor.name,
                     .at = asker.now,
                     .recorded_at = asker.now,
                     .cause = {},
                     .detail = {}}}},
                  true);
    return command;
}

base::Result<Command> see(Room& room, store::Transaction& tx, const Asker& asker, std::int64_t id,
                          access::Level level) {
    auto command = command_store::find(tx, id);
    if (!command) return unknown_command();
    const auto catalogue = room.registry.current();
    const auto* asset = catalogue->find(command->asset);
    if (!asker.actor.may(level, service, asker.now, asset ? asset->commune : std::string{}))
        return out_of_reach();
    return *std::move(command);
}

base::Result<Command> cancel(Room& room, store::Transaction& tx, const Asker& asker,
                             std::int64_t id, const std::string& reason) {
    const auto seen = see(room, tx, asker, id, access::Level::operate);
    if (!seen) return seen.error();
    auto command = command_store::find_locked(tx, {id}).at(0);
    if (!may_move(command.state, State::cancelled, Hand::room)) {
        auto error = is_outstanding(command.state)
                         ? base::fail(Errc::conflict, "It has gone out and cannot be called back.",
                                      "Elle est partie et ne peut plus être rappelée.")
                         : base::fail(Errc::conflict, "It has ended.", "Elle est terminée.");
        error.extension = nlohmann::json{{"state", to_string(command.state)}}.dump();
        return error;
    }
    auto change = take_step(command, {.to = State::cancelled,
                                      .author = {asker.actor.login, asker.actor.name},
                                      .at = asker.now,
                                      .recorded_at = asker.now,
                                      .cause = {},
                                      .detail = reason});
    write_changes(room, tx, {std::move(change)});
    return command;
}

}  // namespace vigie::control::orders
