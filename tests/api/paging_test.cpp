#include "vigie/api/paging.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace vigie::api {
namespace {

Request page_request(std::string cursor) {
    Request request;
    request.http.query = {{"cursor", std::move(cursor)}};
    return request;
}

TEST(Paging, CursorsGoBothWays) {
    const auto at = *base::parse_rfc3339("2026-11-22T18:04:05.123456Z");
    const auto cursor = make_cursor(at, std::int64_t{-7}, std::string("rue de la Liberté \"1\""));
    EXPECT_EQ(cursor.find_first_of("+/= \""), std::string::npos) << "goes into a URL as it is";
    const auto read = read_cursor<base::Instant, std::int64_t, std::string>(page_request(cursor));
    ASSERT_TRUE(read.ok());
    ASSERT_TRUE(*read);
    EXPECT_EQ(std::get<0>(**read), at);
    EXPECT_EQ(std::get<1>(**read), -7);
    EXPECT_EQ(std::get<2>(**read), "rue de la Liberté \"1\"");
    const auto first = read_cursor<std::int64_t>(Request{});
    ASSERT_TRUE(first.ok());
    EXPECT_FALSE(*first);
}

TEST(Paging, RefusesForgedCursors) {
    const std::string forged[] = {"",
                                  "!!!",
                                  encode_cursor({}),
                                  encode_cursor({"1", "2"}),
                                  encode_cursor({"x"}),
                                  encode_cursor({"99999999999999999999"}),
                                  std::string(cursor_chars_max + 1, 'A'),
                                  "W10",
                                  "WzFd"};
    for (const auto& cursor : forged) {
        const auto read = read_cursor<std::int64_t>(page_request(cursor));
        ASSERT_FALSE(read.ok()) << cursor;
        EXPECT_EQ(read.error().code, base::Errc::invalid);
        EXPECT_EQ(read.error().fields.at(0).pointer, "cursor");
    }
    EXPECT_FALSE(read_cursor<base::Instant>(page_request(encode_cursor({"-1"}))).ok());
    EXPECT_FALSE(
        read_cursor<std::string>(page_request(encode_cursor({std::string("a\0b", 3)}))).ok());
}

TEST(Paging, SaysNextOnlyWhenThereIsMore) {
    Page exact(2);
    EXPECT_TRUE(exact.add({{"n", 1}}, "c1"));
    EXPECT_TRUE(exact.add({{"n", 2}}, "c2"));
    EXPECT_EQ(exact.response().body, R"({"rows":[{"n":1},{"n":2}]})");
    EXPECT_FALSE(exact.add({{"n", 3}}, "c3"));
    EXPECT_EQ(exact.response().body, R"({"rows":[{"n":1},{"n":2}],"next":"c2"})");
    EXPECT_EQ(Page(5).response().body, R"({"rows":[]})");
}

TEST(Request, ReadsLimitAndIfMatch) {
    Request request;
    EXPECT_EQ(*request.limit(), 100U);
    const std::pair<const char*, bool> limits[] = {{"1", true},     {"1000", true}, {"0", false},
                                                   {"1001", false}, {"-1", false},  {"x", false}};
    for (const auto& [text, good] : limits) {
        request.http.query = {{"limit", text}};
        EXPECT_EQ(request.limit().ok(), good) << text;
    }
    EXPECT_EQ(request.if_match(), std::nullopt);
    const std::pair<const char*, std::optional<std::int64_t>> tags[] = {
        {"\"7\"", 7}, {"*", std::nullopt}, {"7", -1}, {"W/\"7\"", -1}, {"\"x\"", -1}};
    for (const auto& [tag, version] : tags) {
        request.http.headers.set("If-Match", tag);
        EXPECT_EQ(request.if_match(), version) << tag;
    }
}

TEST(Problem, SpeaksBothLanguagesAndKeepsItsOwnMembers) {
    auto error = base::fail_at(base::Errc::conflict, "/owner", "taken", "pris");
    error.extension = R"({"owner": {"login": "lea"}, "status": 200})";
    const auto response = problem(error, true, "/api/v1/incidents/7/claim");
    EXPECT_EQ(response.status, 409U);
    EXPECT_EQ(response.headers.get("content-type"), "application/problem+json");
    EXPECT_EQ(response.headers.get("content-language"), "fr");
    EXPECT_EQ(nlohmann::json::parse(response.body), nlohmann::json::parse(R"({
        "type": "urn:vigie:problem:conflict", "title": "Conflit", "status": 409, "detail": "pris",
        "instance": "/api/v1/incidents/7/claim",
        "errors": [{"pointer": "/owner", "message": "pris"}], "owner": {"login": "lea"}})"));
    EXPECT_EQ(nlohmann::json::parse(problem(error, false).body)["detail"], "taken");
}

TEST(Problem, TellsClientsWhatHttpWantsToldThem) {
    EXPECT_EQ(problem(base::fail(base::Errc::unauthenticated, "", ""), false)
                  .headers.get("WWW-Authenticate"),
              "Bearer realm=\"vigie\"");
    auto slow = base::fail(base::Errc::limit_exceeded, "slow down", "doucement");
    slow.extension = R"({"retry_after_s": 30})";
    EXPECT_EQ(problem(slow, false).headers.get("Retry-After"), "30");
    EXPECT_TRUE(
        problem(base::fail(base::Errc::unavailable, "", ""), false).headers.has("Retry-After"));
}

TEST(Problem, GivesEachErrorItsStatus) {
    using base::Errc;
    const std::pair<Errc, unsigned> statuses[] = {
        {Errc::invalid, 422},     {Errc::malformed, 400},           {Errc::unauthenticated, 401},
        {Errc::forbidden, 403},   {Errc::not_found, 404},           {Errc::conflict, 409},
        {Errc::expired, 410},     {Errc::precondition_failed, 412}, {Errc::too_large, 413},
        {Errc::unsupported, 415}, {Errc::limit_exceeded, 429},      {Errc::unavailable, 503}};
    for (const auto& [code, status] : statuses)
        EXPECT_EQ(problem(base::fail(code, "", ""), false).status, status);
}

}  // namespace
}  // namespace vigie::api
