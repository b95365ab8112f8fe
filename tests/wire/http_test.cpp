#include "vigie/wire/http.hpp"

#include <gtest/gtest.h>

namespace vigie::wire {
namespace {

TEST(HttpTarget, IsDecodedOrRefused) {
    Request request;
    ASSERT_TRUE(parse_target("/a%20b/%C3%A9?x=1&y=a+b%26&flag&x=2", request));
    EXPECT_EQ(request.path, "/a b/é");
    EXPECT_EQ(request.parameter("x"), "1");
    EXPECT_EQ(request.parameter("y"), "a b&");
    EXPECT_EQ(request.parameter("flag"), "");
    EXPECT_FALSE(request.parameter("z"));
    for (const char* target :
         {"", "a", "*", "http://x/", "/%", "/%4", "/%zz", "/%00", "/%ff", "/?a=%ff"}) {
        Request refused;
        EXPECT_FALSE(parse_target(target, refused)) << target;
    }
}

TEST(HttpHeaders, AreFoundWithoutCase) {
    Headers headers;
    headers.add("Content-Type", "a");
    EXPECT_EQ(headers.get("content-type"), "a");
    headers.set("CONTENT-TYPE", "b");
    EXPECT_EQ(headers.get("Content-Type"), "b");
    EXPECT_FALSE(headers.has("Content"));
}

TEST(HttpLanguage, IsOneOfOurs) {
    struct Case {
        const char* header;
        const char* language;
    };
    const Case cases[] = {{"", "en"},
                          {"fr", "fr"},
                          {"fr-FR,fr;q=0.9,en;q=0.8", "fr"},
                          {"en-GB,fr;q=0.9", "en"},
                          {"de,fr;q=0.5,en;q=0.4", "fr"},
                          {"fr;q=0", "en"},
                          {"*", "en"},
                          {";;,q", "en"}};
    for (const auto& [header, language] : cases)
        EXPECT_EQ(language_of(header), language) << header;
}

}  // namespace
}  // namespace vigie::wire
