#include "engine/files/protobuf_writer.h"

#include <doctest/doctest.h>

#include <stdexcept>

using namespace mdn;

namespace {

std::string bytes(std::initializer_list<int> values) {
    std::string text;
    for (const int value : values) text.push_back(static_cast<char>(value));
    return text;
}

}  // namespace

TEST_SUITE("engine/files/protobuf_writer") {
    TEST_CASE("fields are the bytes that the encoding's description gives") {
        ProtobufMessage integer;
        integer.integer(1, 150);
        CHECK(integer.to_string() == bytes({0x08, 0x96, 0x01}));
        ProtobufMessage text;
        text.text(2, "testing");
        CHECK(text.to_string() == bytes({0x12, 0x07}) + "testing");
        ProtobufMessage nested;
        nested.message(3, integer);
        CHECK(nested.to_string() == bytes({0x1a, 0x03, 0x08, 0x96, 0x01}));
    }

    TEST_CASE("integers at the edges of a varint") {
        const std::pair<int64_t, std::string> cases[] = {
            {0, bytes({0})},
            {127, bytes({0x7f})},
            {128, bytes({0x80, 0x01})},
            {INT64_MAX, std::string(8, '\xff') + bytes({0x7f})},
            {-1, std::string(9, '\xff') + bytes({0x01})},
            {INT64_MIN, std::string(9, '\x80') + bytes({0x01})}};
        for (const auto& each : cases) {
            ProtobufMessage message;
            message.integer(1, each.first);
            INFO(each.first);
            CHECK(message.to_string() == bytes({0x08}) + each.second);
        }
        ProtobufMessage far;
        far.integer(25, 1);  // a tag of two bytes
        CHECK(far.to_string() == bytes({0xc8, 0x01, 0x01}));
    }

    TEST_CASE("a real number is four bytes, the lowest first") {
        ProtobufMessage message;
        message.real(2, -1.5f);  // 0xbfc00000
        CHECK(message.to_string() == bytes({0x15, 0x00, 0x00, 0xc0, 0xbf}));
    }

    TEST_CASE("numbers are read when the message is written, however deep they lie") {
        int reads = 0;
        const Tensor x = Tensor::from(std::vector<float>{1, -2, 0.5f}, {3});
        ProtobufMessage inner;
        inner.integer(1, 7);
        inner.numbers(9, x.bytes(), [&] { return ++reads, x; });
        inner.text(2, "behind");
        ProtobufMessage outer;
        outer.message(5, inner);
        outer.message(5, inner);
        outer.integer(6, 1);
        CHECK(reads == 0);
        const std::string expected = bytes({0x2a, 0x18, 0x08, 0x07, 0x4a, 0x0c}) +
                                     std::string(reinterpret_cast<const char*>(x.raw()), 12) +
                                     bytes({0x12, 0x06}) + "behind";
        CHECK(outer.to_string() == expected + expected + bytes({0x30, 0x01}));
        CHECK(reads == 2);
        CHECK(outer.size() == static_cast<int64_t>(outer.to_string().size()));
    }

    TEST_CASE("a tensor of another size than announced is refused") {
        ProtobufMessage message;
        message.numbers(9, 8, [] { return Tensor::zeros({3}); });
        CHECK_THROWS_AS(message.to_string(), std::logic_error);
    }
}
