#include "net/websocket_output.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigie::net {
namespace {

using testing::ElementsAre;

std::string head_of(std::size_t text_bytes) {
    std::string frame;
    append_text_frame(frame, std::string(text_bytes, 'x'));
    EXPECT_TRUE(frame.ends_with(std::string(text_bytes, 'x')));
    return frame.substr(0, frame.size() - text_bytes);
}

TEST(WebSocketOutput, PutsATextIntoAFrameOfItsLength) {
    using namespace std::string_literals;
    EXPECT_EQ(head_of(0), "\x81\x00"s);
    EXPECT_EQ(head_of(125), "\x81\x7d"s);
    EXPECT_EQ(head_of(126), "\x81\x7e\x00\x7e"s);
    EXPECT_EQ(head_of(65'535), "\x81\x7e\xff\xff"s);
    EXPECT_EQ(head_of(65'536), "\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"s);
}

TEST(WebSocketOutput, GivesAllThatWaitsAtOnceAndTellsWhoWaits) {
    WebSocketOutput output;
    std::vector<std::string> told;
    const auto teller = [&told](std::string who) {
        return [&told, who = std::move(who)](boost::system::error_code failure) {
            told.push_back(who + (failure ? " failed" : " done"));
        };
    };
    output.add_text("a");
    EXPECT_EQ(output.begin(),
              "\x81\x01"
              "a");
    // While that is being written.
    output.add_text("bc");
    output.add_raw("PONG", teller("pong"));
    output.add_text("d");
    EXPECT_EQ(output.done({}), 1U);
    EXPECT_THAT(told, ElementsAre());
    EXPECT_FALSE(output.is_writing());
    EXPECT_EQ(output.begin(),
              "\x81\x02"
              "bcPONG\x81\x01"
              "d");
    EXPECT_TRUE(output.is_writing());
    EXPECT_TRUE(output.is_empty());
    EXPECT_EQ(output.done({}), 3U);
    EXPECT_THAT(told, ElementsAre("pong done"));
    output.add_raw("PING", teller("ping"));
    (void)output.begin();
    EXPECT_EQ(output.done(boost::system::errc::make_error_code(boost::system::errc::broken_pipe)),
              0U);
    EXPECT_THAT(told, ElementsAre("pong done", "ping failed"));
}

// Who is told may have something to say.
TEST(WebSocketOutput, KeepsNoRoomForWhatIsWritten) {
    WebSocketOutput output;
    for (int row = 0; row < 3; ++row) {
        output.add_text(std::string(1'000'000, 'x'));
        (void)output.begin();
        output.done({});
    }
    EXPECT_LE(output.held_bytes(), 4'096U);
}

TEST(WebSocketOutput, WhatIsAddedByWhoIsToldWaits) {
    WebSocketOutput output;
    output.add_raw("1", [&output](boost::system::error_code) {
        EXPECT_TRUE(output.is_writing()) << "or it would be written twice at once";
        output.add_text("2");
    });
    (void)output.begin();
    EXPECT_EQ(output.done({}), 0U);
    EXPECT_FALSE(output.is_empty());
    EXPECT_EQ(output.begin(),
              "\x81\x01"
              "2");
}

}  // namespace
}  // namespace vigie::net
