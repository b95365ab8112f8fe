#include "operations/command_entries.hpp"

#include <nlohmann/json.hpp>

#include "operations/texts.hpp"

namespace vigie::operations {

namespace {

base::Text command_name(const control::Command& command, const assets::Asset* asset) {
    const assets::Command* known = asset ? asset->kind->command(command.name) : nullptr;
    return known ? known->name : base::Text{command.name, command.name};
}

// "level_pct 50, for_s 600"
std::string parameters_text(const control::Command& command) {
    std::string text;
    const auto all = nlohmann::json::parse(command.parameters);
    for (const auto& [name, value] : all.items()) {
        text += text.empty() ? "" : ", ";
        text += name + " " + (value.is_string() ? value.get<std::string>() : value.dump());
    }
    return text;
}

// What it became, as the entry's type ends.
std::optional<std::string_view> told_as(const control::Transition& step) {
    if (!step.from) return "requested";
    if (step.from == step.to) return "late_result";
    const bool told = control::is_final(step.to);
    return told ? std::optional(control::to_string(step.to)) : std::nullopt;
}

}  // namespace

std::optional<Entry> command_entry(const control::Change& change,
                                   const assets::Catalogue& catalogue) {
    const auto& [command, step] = change;
    const auto what = told_as(step);
    if (!what) return std::nullopt;
    const assets::Asset* asset = catalogue.find(command.asset);
    const std::string code = asset ? asset->code : std::to_string(command.asset);
    Entry entry =
        entry_by({step.author, step.author_name}, step.at, "command_" + std::string(*what),
                 texts::command(*what, command_name(command, asset), code));
    entry.recorded_at = step.recorded_at;
    std::string more = step.from ? step.detail : parameters_text(command);
    if (step.from == step.to && command.late) {
        more = std::string(ingest::to_string(command.late->status)) +
               (more.empty() ? "" : ", " + more);
    }
    if (!more.empty()) {
        entry.text.en += ": " + more;
        entry.text.fr += " : " + more;
    }
    return entry;
}

void write_command_entry(Room& room, store::Transaction& tx, const control::Change& change) {
    if (auto entry = command_entry(change, *room.registry.current()))
        write_entry(room, tx, *std::move(entry));
}

}  // namespace vigie::operations
