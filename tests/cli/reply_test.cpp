#include "cli/reply.hpp"

#include <gtest/gtest.h>

namespace vigie::cli {
namespace {

struct WholeReply {
    std::string bytes;
    unsigned status;
    std::string body;
};

TEST(Reply, ReadsEveryKindOfBodyHoweverItIsCut) {
    const std::vector<WholeReply> cases{
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello"},
        {"HTTP/1.1 204 No Content\r\n\r\n", 204, ""},
        {"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", 200, ""},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 422 No\r\nContent-Length: 2\r\n\r\n{}", 422, "{}"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
         "4\r\nwiki\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: 1\r\n\r\n",
         200, "wiki0123456789"},
    };
    for (const WholeReply& each : cases) {
        for (std::size_t cut = 1; cut <= each.bytes.size(); ++cut) {
            ReplyReader reply;
            for (std::size_t at = 0; at < each.bytes.size(); at += cut) {
                EXPECT_FALSE(reply.complete());
                ASSERT_TRUE(reply.feed(std::string_view(each.bytes).substr(at, cut)));
            }
            EXPECT_TRUE(reply.complete()) << each.bytes;
            EXPECT_EQ(reply.status(), each.status);
            EXPECT_EQ(reply.body(), each.body);
        }
    }
}

TEST(Reply, ReadsUntilTheEndWithoutALength) {
    ReplyReader reply;
    ASSERT_TRUE(reply.feed("HTTP/1.0 200 OK\r\n\r\nuntil"));
    EXPECT_FALSE(reply.complete());
    ASSERT_TRUE(reply.feed(" the end"));
    EXPECT_TRUE(reply.end());
    EXPECT_EQ(reply.body(), "until the end");
}

TEST(Reply, RefusesWhatIsNone) {
    for (const char* wrong :
         {"SSH-2.0-x\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabXX\r\n"}) {
        ReplyReader reply;
        EXPECT_FALSE(reply.feed(wrong)) << wrong;
    }
    ReplyReader endless;
    EXPECT_FALSE(endless.feed(std::string(70'000, 'x')));
    ReplyReader cut;
    EXPECT_TRUE(cut.feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"));
    EXPECT_FALSE(cut.end());
}

}  // namespace
}  // namespace vigie::cli
