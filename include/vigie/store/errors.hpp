// What PostgreSQL did not do.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace vigie::store {

// The database cannot be reached, or the connection broke. The transaction left no trace, unless
// `in_doubt`: the answer to the commit was lost, and only reading again tells.
class Unavailable : public std::runtime_error {
public:
    explicit Unavailable(const std::string& what, bool commit_in_doubt = false)
        : std::runtime_error(what), in_doubt(commit_in_doubt) {}
    bool in_doubt;
};

// The database refused a statement. `sqlstate` is the five characters of PostgreSQL's appendix A.
class Refused : public std::runtime_error {
public:
    Refused(const std::string& what, std::string state)
        : std::runtime_error(what), sqlstate(std::move(state)) {}
    std::string sqlstate;
};

}  // namespace vigie::store
