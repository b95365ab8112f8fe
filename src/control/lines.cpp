#include "control/lines.hpp"

namespace vigie::control {

Lines::Open open_of(const Command& command) {
    return {command.id, command.asset, command.state, command.expires_at, command.version};
}

void Lines::put(const Open& open) {
    const auto known = open_.find(open.id);
    if (known != open_.end() && known->second.version > open.version) return;
    drop(open.id);
    if (is_final(open.state)) return;
    open_.emplace(open.id, open);
    ends_.emplace(open.expires_at, open.id);
    Line& line = lines_[open.asset];
    (open.state == State::queued ? line.queued : line.outstanding).insert(open.id);
}

void Lines::drop(std::int64_t id) {
    const auto known = open_.find(id);
    if (known == open_.end()) return;
    const Open& open = known->second;
    ends_.erase({open.expires_at, id});
    const auto line = lines_.find(open.asset);
    line->second.queued.erase(id);
    line->second.outstanding.erase(id);
    if (line->second.queued.empty() && line->second.outstanding.empty()) lines_.erase(line);
    open_.erase(known);
}

void Lines::clear() {
    open_.clear();
    lines_.clear();
    ends_.clear();
}

std::optional<std::int64_t> Lines::next(assets::AssetId asset, base::Instant now) const {
    const auto line = lines_.find(asset);
    if (line == lines_.end() || !line->second.outstanding.empty()) return std::nullopt;
    for (const std::int64_t id : line->second.queued) {
        if (open_.at(id).expires_at > now) return id;
    }
    return std::nullopt;
}

std::vector<assets::AssetId> Lines::waiting() const {
    std::vector<assets::AssetId> found;
    for (const auto& [asset, line] : lines_) {
        if (!line.queued.empty()) found.push_back(asset);
    }
    return found;
}

bool Lines::waits(assets::AssetId asset) const {
    const auto line = lines_.find(asset);
    return line != lines_.end() && !line->second.queued.empty();
}

std::vector<std::int64_t> Lines::due(base::Instant now) const {
    std::vector<std::int64_t> found;
    for (const auto& [end, id] : ends_) {
        if (end > now) break;
        found.push_back(id);
    }
    return found;
}

const Lines::Open* Lines::find(std::int64_t id) const {
    const auto found = open_.find(id);
    return found == open_.end() ? nullptr : &found->second;
}

}  // namespace vigie::control
