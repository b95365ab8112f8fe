// Answers and errors.
//
// Two channels, everywhere in Vigie. An outcome that a caller must expect (not found, lost a race,
// refused) is a Result. A breakdown (the database is gone) is an exception, caught in three places
// only: the HTTP session, the MQTT session, a background loop. A broken invariant is an assert:
// never on bytes from outside.
#pragma once

#include <expected>
#include <string>
#include <utility>
#include <vector>

namespace vigie::base {

// A sentence for a person, in both languages of the product. The door chooses by Accept-Language.
struct Text {
    std::string en;
    std::string fr;
    friend bool operator==(const Text&, const Text&) = default;
};

// Closed on purpose: one place (api/problem) maps each code to an HTTP status.
enum class Errc {
    invalid,              // malformed or out of range: 422 (400 when it could not even be parsed)
    malformed,            // not JSON, not UTF-8, not the format at all: 400
    unauthenticated,      // nobody is signed in: 401
    forbidden,            // signed in, not allowed: 403
    not_found,            // 404
    conflict,             // a lost race, or a transition the present state does not allow: 409
    precondition_failed,  // If-Match names an older version: 412
    too_large,            // 413
    unsupported,          // a media type or method that is not spoken here: 415
    limit_exceeded,       // over a rate: 429
    unavailable,          // try again later: 503
    expired,              // its time is over: 410
};

// Where in the input, and what. `pointer` is a JSON pointer (RFC 6901) into the body, or a
// parameter's name.
struct FieldError {
    std::string pointer;
    Text message;
};

struct Error {
    Errc code{Errc::invalid};
    Text detail;
    std::vector<FieldError> fields{};
    // JSON members added to the problem document (the owner of a claimed incident, the allowed
    // transitions...), already serialised as one JSON object; empty for none.
    std::string extension{};
};

// std::expected with the Error above, nodiscard, and converting from both sides.
template <typename T>
class [[nodiscard]] Result {
public:
    using value_type = T;
    Result(T value) : expected_(std::move(value)) {}
    Result(Error error) : expected_(std::unexpected(std::move(error))) {}

    [[nodiscard]] bool ok() const { return expected_.has_value(); }
    explicit operator bool() const { return ok(); }
    T& operator*() & { return *expected_; }
    const T& operator*() const& { return *expected_; }
    T&& operator*() && { return *std::move(expected_); }
    T* operator->() { return &*expected_; }
    const T* operator->() const { return &*expected_; }
    [[nodiscard]] const Error& error() const& { return expected_.error(); }
    [[nodiscard]] Error&& error() && { return std::move(expected_).error(); }

private:
    std::expected<T, Error> expected_;
};

template <>
class [[nodiscard]] Result<void> {
public:
    Result() = default;
    Result(Error error) : expected_(std::unexpected(std::move(error))) {}

    [[nodiscard]] bool ok() const { return expected_.has_value(); }
    explicit operator bool() const { return ok(); }
    [[nodiscard]] const Error& error() const& { return expected_.error(); }
    [[nodiscard]] Error&& error() && { return std::move(expected_).error(); }

private:
    std::expected<void, Error> expected_;
};

// fail(Errc::not_found, "no such asset", "équipement inconnu")
[[nodiscard]] inline Error fail(Errc code, std::string en, std::string fr) {
    return Error{code, Text{std::move(en), std::move(fr)}, {}, {}};
}
// The same, naming the one place in the input that is wrong.
[[nodiscard]] inline Error fail_at(Errc code, std::string pointer, std::string en, std::string fr) {
    Error error{code, Text{en, fr}, {}, {}};
    error.fields.push_back(FieldError{std::move(pointer), Text{std::move(en), std::move(fr)}});
    return error;
}

}  // namespace vigie::base
