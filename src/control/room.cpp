#include "control/room.hpp"

#include <memory>
#include <nlohmann/json.hpp>

#include "control/codec.hpp"
#include "control/store_commands.hpp"

namespace vigie::control {

Author server_author() {
    return {"system:commands", "system:commands"};
}

Author device_author(const std::string& credential) {
    return {"device:" + credential, credential};
}

Change take_step(Command& command, Step step) {
    Transition transition{.command = command.id,
                          .from = command.state,
                          .to = step.to,
                          .author = std::move(step.author.login),
                          .author_name = std::move(step.author.name),
                          .at = step.at,
                          .recorded_at = step.recorded_at,
                          .cause = std::move(step.cause),
                          .detail = std::move(step.detail)};
    // What is learnt late stands beside what it was.
    if (transition.from != transition.to) {
        command.state = transition.to;
        command.state_since = transition.at;
        command.cause = transition.cause;
        command.detail = transition.detail;
    }
    ++command.version;
    return {command, std::move(transition)};
}

live::StreamRow stream_row(const Command& command, const assets::Catalogue& catalogue) {
    live::StreamRow row;
    row.key = std::to_string(command.id);
    row.json = std::make_shared<const std::string>(to_json(command, catalogue).dump());
    if (const auto* asset = catalogue.find(command.asset)) {
        row.asset = asset->code;
        row.kind = asset->kind->code;
        row.commune = asset->commune;
    }
    return row;
}

void write_changes(Room& room, store::Transaction& tx, std::vector<Change> changes, bool fresh) {
    if (changes.empty()) return;
    std::vector<Transition> transitions;
    for (const Change& change : changes) {
        if (!fresh) command_store::write(tx, change.command);
        transitions.push_back(change.transition);
    }
    command_store::record(tx, transitions);
    for (const Change& change : changes) {
        if (room.in_transaction) room.in_transaction(tx, change);
    }
    tx.after_commit([&room, changes = std::move(changes)] {
        const auto catalogue = room.registry.current();
        std::vector<live::StreamRow> rows;
        for (const Change& change : changes)
            rows.push_back(stream_row(change.command, *catalogue));
        room.stream.publish("commands", std::move(rows));
        for (const Change& change : changes) {
            if (room.changed) room.changed(change);
        }
    });
}

}  // namespace vigie::control
