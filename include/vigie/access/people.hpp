// The people with an account. All functions work in the caller's transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vigie/access/passwords.hpp"
#include "vigie/access/principal.hpp"
#include "vigie/base/result.hpp"
#include "vigie/base/time.hpp"
#include "vigie/store/database.hpp"

namespace vigie::access {

struct Person {
    std::int64_t id{};
    std::string login;
    std::string name;
    Role role{Role::operator_};
    std::string employer;
    std::string crew;  // code; empty for none
    bool disabled{};
    std::int64_t version{};
};

struct NewPerson {
    std::string login;
    std::string name;
    Role role{Role::operator_};
    std::string employer;
    std::string crew;
    std::string password;
};

struct PersonChange {
    std::optional<std::string> name;
    std::optional<Role> role;
    std::optional<std::string> employer;
    std::optional<std::string> crew;
    std::optional<bool> disabled;
    std::optional<std::string> password;
};

// 1 to 64 of a-z 0-9 . _ - beginning with a letter or digit. What people type is lowered first.
[[nodiscard]] bool is_login(std::string_view text);
[[nodiscard]] std::string as_login(std::string_view typed);

// conflict: the login is taken. invalid: login, password, or a crew member without crew.
[[nodiscard]] base::Result<Person> add_person(store::Transaction& tx, const NewPerson& person,
                                              base::Instant now, const PasswordCost& cost = {});

// Disabling and a new password end every session of that person; disabling stops their tokens as
// long as it lasts. precondition_failed: `version` is given and no longer the present one.
// conflict: it would leave no administrator.
[[nodiscard]] base::Result<Person> change_person(store::Transaction& tx, std::string_view login,
                                                 const PersonChange& change,
                                                 std::optional<std::int64_t> version,
                                                 base::Instant now, const PasswordCost& cost = {});

[[nodiscard]] base::Result<Person> find_person(store::Transaction& tx, std::string_view login);
// By login, greater than `after`.
[[nodiscard]] std::vector<Person> list_people(store::Transaction& tx, std::string_view after,
                                              std::size_t rows);

struct FirstSignIn {
    std::string login;
    std::string password;
};
// An administrator "admin" with a random password, if there is nobody yet; audited. Two servers at
// once make one.
[[nodiscard]] std::optional<FirstSignIn> make_first_administrator(store::Transaction& tx,
                                                                  base::Instant now,
                                                                  const PasswordCost& cost = {});

}  // namespace vigie::access
