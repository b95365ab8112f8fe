// Files in memory that know what was synced. A power cut keeps that and, of the rest, whatever
// chance says: all of it, nothing, a piece, a piece that reads as zeros.
#pragma once

#include <cerrno>
#include <map>
#include <random>

#include "vigie/store/files.hpp"

namespace vigie::test {

class PowerLost : public std::runtime_error {
public:
    PowerLost() : std::runtime_error("power lost") {}
};

class PowerCutFiles final : public store::Files {
public:
    explicit PowerCutFiles(unsigned seed) : random_(seed) {}

    // The power goes in the middle of that operation, counted from here.
    void cut_at(std::size_t operation) { left_ = operation; }
    // No space left for appending from that operation on; 0: never.
    void refuse_from(std::size_t operation) { refused_ = operation; }
    void set_free_bytes(std::uint64_t bytes) { free_ = bytes; }
    // The next sync of a file fails, once.
    void fail_next_sync() { sync_fails_ = true; }
    std::string& content(const std::string& path) { return names_.at(path)->content; }
    [[nodiscard]] std::vector<std::string> paths() const {
        std::vector<std::string> all;
        for (const auto& [path, node] : names_)
            all.push_back(path);
        return all;
    }

    // What is there when the machine starts again.
    void restart() {
        left_ = never;
        std::map<std::string, std::shared_ptr<Node>> kept = durable_names_;
        for (const auto& [path, node] : names_) {
            if (!kept.contains(path) && chance()) kept[path] = node;
        }
        for (const auto& [path, node] : durable_names_) {
            if (!names_.contains(path) && chance()) kept.erase(path);
        }
        for (auto& [path, node] : kept)
            node->survive(random_);
        names_ = durable_names_ = kept;
    }

    void make_folder(const std::string&) override { step(); }
    std::vector<std::string> list(const std::string& folder) override {
        std::vector<std::string> names;
        for (const auto& [path, node] : names_) {
            const auto slash = path.rfind('/');
            if (path.substr(0, slash) == folder) names.push_back(path.substr(slash + 1));
        }
        return names;
    }
    std::string read(const std::string& path) override { return names_.at(path)->content; }
    std::unique_ptr<store::File> create(const std::string& path) override {
        if (names_.contains(path)) throw store::FilesError("create " + path, EEXIST);
        const bool first_half = step_or_tear();
        if (!first_half) names_[path] = std::make_shared<Node>();
        lose_power_if_torn();
        return std::make_unique<MemoryFile>(*this, names_.at(path));
    }
    std::unique_ptr<store::File> open(const std::string& path) override {
        return std::make_unique<MemoryFile>(*this, names_.at(path));
    }
    void remove(const std::string& path) override {
        step();
        names_.erase(path);
    }
    void sync_folder(const std::string&) override {
        step();
        durable_names_ = names_;
    }
    std::uint64_t free_bytes(const std::string&) override { return free_; }

private:
    static constexpr std::size_t never = ~std::size_t{0};

    struct Node {
        std::string content;
        std::string synced;

        void survive(std::mt19937& random) {
            if (content.starts_with(synced)) {
                const auto loose = content.size() - synced.size();
                const auto kept = synced.size() + random() % (loose + 1);
                content.resize(kept);
                const auto zeros = random() % 3 == 0 ? random() % (kept - synced.size() + 1) : 0;
                std::fill(content.end() - static_cast<std::ptrdiff_t>(zeros), content.end(), '\0');
            } else if (random() % 2 == 0) {
                content = synced;
            }
            synced = content;
        }
    };

    class MemoryFile final : public store::File {
    public:
        MemoryFile(PowerCutFiles& files, std::shared_ptr<Node> node)
            : files_(files), node_(std::move(node)) {}
        void append(std::string_view bytes) override {
            if (files_.refused_ != 0 && --files_.refused_ == 0) {
                files_.refused_ = 1;
                node_->content += bytes.substr(0, bytes.size() / 2);
                throw store::FilesError("write", ENOSPC);
            }
            if (files_.step_or_tear()) bytes = bytes.substr(0, files_.random_() % bytes.size());
            node_->content += bytes;
            files_.lose_power_if_torn();
        }
        void sync() override {
            files_.step();
            if (std::exchange(files_.sync_fails_, false)) throw store::FilesError("sync", EIO);
            node_->synced = node_->content;
        }
        void truncate(std::uint64_t bytes) override {
            files_.step();
            node_->content.resize(bytes);
        }

    private:
        PowerCutFiles& files_;
        std::shared_ptr<Node> node_;
    };

    bool chance() { return random_() % 2 == 0; }
    bool step_or_tear() {
        if (left_ == 0) throw PowerLost();
        if (left_ != never) --left_;
        return left_ == 0 && chance();
    }
    void lose_power_if_torn() const {
        if (left_ == 0) throw PowerLost();
    }
    void step() {
        if (step_or_tear()) throw PowerLost();
    }

    std::mt19937 random_;
    std::map<std::string, std::shared_ptr<Node>> names_;
    std::map<std::string, std::shared_ptr<Node>> durable_names_;
    std::size_t left_ = never;
    std::size_t refused_ = 0;
    std::uint64_t free_ = ~std::uint64_t{0};
    bool sync_fails_ = false;
};

}  // namespace vigie::test
