// The fault harness (docs/faults.md): what was acknowledged is compared with what is there, after
// each of many faults under load.

#include <fmt/format.h>
#include <stdlib.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "tests/faults/trial.hpp"

namespace vigie::faults {
namespace {

// Of one round, until it counts; the run has failed when it never does.
constexpr std::size_t attempts_max = 60;
constexpr std::size_t kills_to_one_other = 10;
// What a lying disk lost is not waited for as long as what may be on its way from the spool.
constexpr std::chrono::seconds found_limit{60};
constexpr std::chrono::seconds lost_limit{5};

// File systems that nobody else sees. They need the right to mount; where it is not given they are
// not there, and what needs them is not tried.
struct Disks {
    std::optional<std::filesystem::path> small;  // to be filled up
    std::unique_ptr<e2e::LoopDisk> loop;         // to lose its power
};

Disks make_disks() {
    Disks disks{.small = e2e::memory_disk("700m"), .loop = {}};
    if (const auto room = e2e::memory_disk("4g")) disks.loop = e2e::LoopDisk::make(*room);
    return disks;
}

// Whatever is started from now on syncs nothing: the server, and its database with it.
void lie() {
    const auto library =
        std::filesystem::canonical("/proc/self/exe").parent_path() / "libvigie-lying-disk.so";
    if (!std::filesystem::exists(library)) throw std::runtime_error("no " + library.string());
    setenv("LD_PRELOAD", library.c_str(), 1);
}

struct Options {
    std::size_t kills = 8;
    std::uint64_t seed{};
    std::string only;
    std::string not_tried_to;
    int back_limit_s = 5;
    bool json = false;
    bool require_all = false;
    bool lying_disk = false;
};

// The rounds of one kind of fault, added up.
struct Score {
    std::size_t tried{};
    std::size_t repeated{};
    std::size_t dropped{};  // rounds given up: no attempt counted
    std::size_t late{};     // back after the limit
    std::size_t losing{};   // rounds that lost something
    std::size_t flushed{};  // rounds in which last values were flushed before the fault
    std::size_t on_idle{};  // rounds that found no backend that was storing, and killed an idle one
    Outcome sum;
    std::chrono::milliseconds back_max{};

    void add(const Outcome& outcome) {
        ++tried;
        sum.acknowledged += outcome.acknowledged;
        sum.unacknowledged += outcome.unacknowledged;
        sum.refused += outcome.refused;
        sum.found += outcome.found;
        losing += outcome.lost > 0 ? 1U : 0U;
        flushed += outcome.flushed ? 1U : 0U;
        on_idle += outcome.on_idle ? 1U : 0U;
        sum.lost += outcome.lost;
        sum.doubled += outcome.doubled;
        sum.wrong += outcome.wrong;
        sum.unshown += outcome.unshown;
        sum.missing_in_the_end += outcome.missing_in_the_end;
        sum.spooled += outcome.spooled;
    }
    [[nodiscard]] bool good() const { return late + dropped == 0 && !sum.broke_the_promise(); }
};

std::vector<const FaultKind*> rounds(const Options& options, Random& random) {
    std::vector<const FaultKind*> all;
    if (!options.only.empty()) return {options.kills, fault_named(options.only)};
    std::vector<const FaultKind*> kills;
    for (const FaultKind& kind : fault_kinds()) {
        if (kind.kills)
            kills.push_back(&kind);
        else
            all.insert(all.end(), std::max<std::size_t>(1, options.kills / kills_to_one_other),
                       &kind);
    }
    for (std::size_t i = 0; i < options.kills; ++i)
        all.push_back(kills[i % kills.size()]);
    std::ranges::shuffle(all, random);
    return all;
}

class Harness {
public:
    Harness(Options options, Disks disks)
        : options_(std::move(options)),
          disks_(std::move(disks)),
          random_(options_.seed),
          rounds_(rounds(options_, random_)) {
        if (room() > Trial::attempts_max)
            throw std::runtime_error(fmt::format(
                "--kills {} is {} rounds, which may take {} attempts; the event time of {} fits "
                "into the 30 days past that the server accepts",
                options_.kills, rounds_.size(), room(), Trial::attempts_max));
    }

    bool run() {
        for (const FaultKind* kind : rounds_) {
            if (can_try(kind->fault))
                play(*kind);
            else
                ++not_tried_[kind->name];
        }
        for (const auto& [disk, trial] : trials_)
            astray_ += trial->astray();
        options_.json ? print_json() : print_table();
        if (!options_.not_tried_to.empty()) write_not_tried(options_.not_tried_to);
        return good();
    }

private:
    // Attempts, should all rounds fall to one city: each once more on the average, and one given
    // up.
    [[nodiscard]] std::size_t room() const { return 2 * rounds_.size() + attempts_max; }

    [[nodiscard]] bool good() const {
        if (options_.lying_disk) return notices();
        const bool all_tried = not_tried_.empty() || (!options_.require_all && !scores_.empty());
        return all_tried && astray_ == 0 &&
               std::ranges::all_of(scores_, [](const auto& score) { return score.second.good(); });
    }

    // The control: on a disk that lies, every round has lost something, or the harness sees
    // nothing.
    [[nodiscard]] bool notices() const {
        if (!not_tried_.empty()) return !options_.require_all;
        return std::ranges::all_of(scores_, [](const auto& score) {
            return score.second.tried > 0 && score.second.losing == score.second.tried;
        });
    }

    // Again when it struck before or after everything was on its way.
    void play(const FaultKind& kind) {
        Score& score = scores_[kind.name];
        Trial& trial = trial_for(kind);
        for (std::size_t attempt = 0; attempt < attempts_max; ++attempt) {
            const Outcome outcome = trial.play(kind, random_);
            std::cerr << fmt::format(
                "{:<16} acknowledged {:5} found {:5} lost {} doubled {} wrong {} unshown {} back "
                "{:5} "
                "ms {}\n",
                kind.name, outcome.acknowledged, outcome.found, outcome.lost, outcome.doubled,
                outcome.wrong, outcome.unshown, outcome.back.count(),
                !outcome.counts   ? outcome.why
                : outcome.on_idle ? "(no backend was storing: an idle one)"
                                  : "");
            score.late += outcome.back > std::chrono::seconds{options_.back_limit_s} ? 1U : 0U;
            score.back_max = std::max(score.back_max, outcome.back);
            if (outcome.counts || outcome.broke_the_promise()) {
                score.add(outcome);
                return;
            }
            ++score.repeated;
        }
        ++score.dropped;
    }

    [[nodiscard]] bool can_try(Fault fault) const {
        return (fault != Fault::disk_full || disks_.small) && (!cuts_power(fault) || disks_.loop);
    }

    // A city on each disk, made when it is first needed.
    Trial& trial_for(const FaultKind& kind) {
        std::filesystem::path parent = "/tmp";
        e2e::LoopDisk* disk = nullptr;
        if (kind.fault == Fault::disk_full) parent = *disks_.small;
        if (cuts_power(kind.fault)) {
            disk = disks_.loop.get();
            parent = disk->mounted_at();
        }
        auto& trial = trials_[parent];
        if (!trial)
            trial = std::make_unique<Trial>(parent, disk,
                                            options_.lying_disk ? lost_limit : found_limit, room());
        return *trial;
    }

    [[nodiscard]] Score total() const {
        Score total;
        for (const auto& [name, score] : scores_) {
            const std::size_t tried = total.tried + score.tried;
            total.add(score.sum);
            total.tried = tried;
            total.repeated += score.repeated;
            total.dropped += score.dropped;
            total.late += score.late;
            total.flushed += score.flushed;
            total.on_idle += score.on_idle;
            total.back_max = std::max(total.back_max, score.back_max);
        }
        return total;
    }

    static void print_row(std::string_view name, const Score& score) {
        std::cout << fmt::format(
            "{:<16} {:5} {:8} {:7} {:12} {:10} {:7} {:8} {:5} {:7} {:5} {:7} {:7} {:5}\n", name,
            score.tried, score.repeated, score.dropped, score.sum.acknowledged,
            score.sum.unacknowledged, score.sum.spooled, score.sum.found, score.sum.lost,
            score.sum.doubled, score.sum.wrong, score.sum.unshown, score.back_max.count(),
            score.late);
    }

    void print_table() const {
        std::cout << fmt::format(
            "{:<16} {:>5} {:>8} {:>7} {:>12} {:>10} {:>7} {:>8} {:>5} {:>7} {:>5} {:>7} {:>7} "
            "{:>5}\n",
            "fault", "tried", "repeated", "dropped", "acknowledged", "unanswered", "spooled",
            "found", "lost", "doubled", "wrong", "unshown", "back_ms", "late");
        for (const auto& [name, score] : scores_)
            print_row(name, score);
        for (const auto& [name, count] : not_tried_)
            std::cout << fmt::format(
                "{:<16} {:5} NOT TRIED, {} times: nothing may be mounted here\n", name, 0, count);
        print_row("all", total());
        if (options_.lying_disk && !scores_.empty())
            std::cout << fmt::format("a disk that lies: {}\n",
                                     notices() ? "noticed in every round" : "NOT NOTICED");
        std::cout << fmt::format(
            "seed {}; rows astray in the end: {}; in {} rounds a flush came before the server was "
            "killed\n",
            options_.seed, astray_, total().flushed);
        for (const auto& [name, score] : scores_) {
            if (score.dropped > 0)
                std::cout << fmt::format("{} rounds dropped, for nothing was on its way: {}\n",
                                         score.dropped, name);
            if (score.on_idle > 0)
                std::cout << fmt::format("{} rounds of {} killed a backend that stored nothing\n",
                                         score.on_idle, name);
        }
    }

    // Empty when everything was tried: what an earlier run could not try is not said again.
    void write_not_tried(const std::filesystem::path& path) const {
        std::filesystem::create_directories(std::filesystem::absolute(path).parent_path());
        std::ofstream file(path);
        for (const auto& [name, count] : not_tried_)
            file << fmt::format("fault {}{}: nothing may be mounted here\n", name,
                                options_.lying_disk ? " on a disk that lies" : "");
        if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
    }

    static nlohmann::json as_json(const Score& score) {
        return {{"faults", score.tried},
                {"repeated", score.repeated},
                {"dropped", score.dropped},
                {"spooled", score.sum.spooled},
                {"flushed", score.flushed},
                {"on_idle_backend", score.on_idle},
                {"acknowledged", score.sum.acknowledged},
                {"unanswered", score.sum.unacknowledged},
                {"refused", score.sum.refused},
                {"found", score.sum.found},
                {"lost", score.sum.lost},
                {"doubled", score.sum.doubled},
                {"wrong", score.sum.wrong},
                {"unshown", score.sum.unshown},
                {"back_ms_max", score.back_max.count()},
                {"late", score.late}};
    }

    void print_json() const {
        nlohmann::json all = as_json(total());
        all["seed"] = options_.seed;
        all["astray"] = astray_;
        if (options_.lying_disk) all["noticed"] = notices();
        all["not_tried"] = nlohmann::json::object();
        for (const auto& [name, count] : not_tried_)
            all["not_tried"][std::string(name)] = count;
        for (const auto& [name, score] : scores_)
            all["by_fault"][std::string(name)] = as_json(score);
        std::cout << all.dump(2) << "\n";
    }

    Options options_;
    Disks disks_;
    Random random_;
    std::vector<const FaultKind*> rounds_;
    std::map<std::filesystem::path, std::unique_ptr<Trial>> trials_;
    std::map<std::string_view, Score> scores_;
    std::map<std::string_view, std::size_t> not_tried_;
    std::size_t astray_{};
};

int run(int argc, char** argv) {
    CLI::App app{
        "Tries faults on a server under load and compares every acknowledged observation."};
    Options options;
    options.seed = std::random_device{}();
    app.add_option("--kills", options.kills, "kill -9, so many; of every other fault a tenth")
        ->take_last()
        ->check(CLI::Range(1, 100'000));
    app.add_option("--seed", options.seed, "of every choice; printed");
    app.add_option("--only", options.only, "only this fault, --kills times")
        ->check(CLI::Validator(
            [](const std::string& name) {
                return fault_named(name) != nullptr ? std::string() : "unknown fault " + name;
            },
            "FAULT"));
    app.add_option("--back-limit-s", options.back_limit_s, "later than this is late")
        ->check(CLI::Range(1, 600));
    app.add_flag("--json", options.json, "the table as JSON");
    app.add_option("--not-tried-to", options.not_tried_to,
                   "a file for what could not be tried here, a line each");
    app.add_flag("--require-all", options.require_all, "fail when a fault could not be tried here");
    app.add_flag("--lying-disk", options.lying_disk,
                 "the control: a disk that syncs nothing and loses power; fails unless each round "
                 "loses something");
    CLI11_PARSE(app, argc, argv);
    if (options.lying_disk && options.only.empty()) options.only = "power_cut";
    if (options.lying_disk && !cuts_power(fault_named(options.only)->fault))
        throw std::runtime_error("--lying-disk is about faults that cut the power");
    std::cerr << "seed " << options.seed << "\n";
    auto disks = make_disks();
    if (options.lying_disk) lie();
    Harness harness(options, std::move(disks));
    return harness.run() ? 0 : 1;
}

}  // namespace
}  // namespace vigie::faults

int main(int argc, char** argv) {
    try {
        return vigie::faults::run(argc, argv);
    } catch (const std::exception& error) {
        std::cerr << "faults: " << error.what() << "\n";
        return 1;
    }
}
