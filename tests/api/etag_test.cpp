#include "vigie/api/etag.hpp"

#include <gtest/gtest.h>

namespace vigie::api {
namespace {

TEST(Etag, IsNamedByWeakComparison) {
    struct Case {
        const char* if_none_match;
        const char* etag;
        bool named;
    };
    const Case cases[] = {
        {R"("7")", R"("7")", true},      {R"("7")", R"("8")", false},
        {R"(W/"7")", R"("7")", true},    {R"("7")", R"(W/"7")", true},
        {R"(W/"7")", R"(W/"7")", true},  {R"("1", W/"7" , "9")", R"("7")", true},
        {R"("1","9")", R"("7")", false}, {"*", R"("7")", true},
        {" * ", R"(W/"7")", true},       {"7", R"("7")", false},
        {"", R"("7")", false},           {"*", "", false},
    };
    for (const Case& c : cases) {
        EXPECT_EQ(names_etag(c.if_none_match, c.etag), c.named)
            << c.if_none_match << " and " << c.etag;
    }
}

}  // namespace
}  // namespace vigie::api
