#include "access/remembered.hpp"

#include <algorithm>

#include "vigie/access/passwords.hpp"

namespace vigie::access {

std::string Remembered::key_of(Scheme scheme, std::string_view secret) {
    return (scheme == Scheme::token ? "token " : "cookie ") + secret_hash(secret);
}

std::uint64_t Remembered::mark() const {
    const std::lock_guard lock(mutex_);
    return forgotten_;
}

void Remembered::remember(const std::string& key, const Principal& principal, base::Instant now,
                          base::Instant until, std::uint64_t mark) {
    const std::lock_guard lock(mutex_);
    std::erase_if(barred_, [now](const auto& each) { return each.second <= now; });
    if (mark != forgotten_ || barred_.contains(principal.id)) return;
    if (!entries_.contains(key)) make_room();
    auto& entry = entries_[key];
    entry.principal = principal;
    entry.until = until;
}

void Remembered::make_room() {
    if (entries_.size() < entries_max) return;
    entries_.erase(std::ranges::min_element(entries_, {},
                                            [](const auto& entry) { return entry.second.until; }));
}

std::optional<Principal> Remembered::find(const std::string& key, base::Instant now) const {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    if (found == entries_.end() || found->second.until <= now) return std::nullopt;
    return found->second.principal;
}

bool Remembered::is_over(const std::string& key, base::Instant now) const {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    if (found == entries_.end()) return false;
    const auto& ends = found->second.principal.session_ends;
    return ends && *ends <= now;
}

void Remembered::note_use(const std::string& key, base::Instant at) {
    const std::lock_guard lock(mutex_);
    if (const auto found = entries_.find(key); found != entries_.end()) found->second.used = at;
}

std::optional<base::Instant> Remembered::use_noted(const std::string& key) const {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    return found == entries_.end() ? std::nullopt : found->second.used;
}

void Remembered::bar(std::int64_t person, base::Instant until) {
    const std::lock_guard lock(mutex_);
    barred_[person] = until;
}

void Remembered::lift_bar(std::int64_t person) {
    const std::lock_guard lock(mutex_);
    barred_.erase(person);
}

void Remembered::forget(const std::string& key) {
    const std::lock_guard lock(mutex_);
    // Guesses do not count: they must not keep others from being remembered.
    if (entries_.erase(key) > 0) ++forgotten_;
}

void Remembered::forget_person(std::int64_t person) {
    const std::lock_guard lock(mutex_);
    ++forgotten_;
    std::erase_if(entries_,
                  [person](const auto& entry) { return entry.second.principal.id == person; });
}

}  // namespace vigie::access
