#include "data/keypoints/formats/json_cursor.h"

#include <cmath>
#include <vector>

#include "tests/data/temporary_dataset.h"

namespace mdn::test {

namespace {

const std::filesystem::path file = "some.json";

/// The message of what is wrong with a text that is passed over as a whole.
std::string error_in(const std::string& text) {
    return error_of([&] {
        JsonCursor cursor(text, file);
        cursor.skip();
        cursor.end();
    });
}

}  // namespace

TEST_SUITE("data/keypoints/formats/json_cursor") {
    TEST_CASE("values come back in the order of the text") {
        const std::string text =
            "\xEF\xBB\xBF { \"a\\u00e9\\n\\\"\" : [1, -2.5e1,\n null, NaN, -Infinity, nan, 1e999],"
            "\"b\":{}, \"c\":\"\\ud83d\\ude00\" }\n";
        JsonCursor cursor(text, file);
        std::vector<std::string> keys;
        std::vector<double> numbers;
        std::string value;
        cursor.object("root", [&](const std::string& key) {
            keys.push_back(key);
            if (keys.size() == 1)
                cursor.array("list", [&](std::size_t) { numbers.push_back(cursor.number("n")); });
            else if (key == "c")
                value = cursor.string("c");
            else
                cursor.skip();
        });
        cursor.end();
        CHECK(keys == std::vector<std::string>{"a\u00e9\n\"", "b", "c"});
        CHECK(value == "\U0001F600");
        REQUIRE(numbers.size() == 7);
        CHECK(numbers[0] == 1);
        CHECK(numbers[1] == -25);
        for (std::size_t i = 2; i < 7; ++i) CHECK(std::isnan(numbers[i]));
    }

    TEST_CASE("a copy looks ahead and the original stays") {
        const std::string text = R"([{"x": [1, {"y": "]}"}], "z": 2}, 3])";
        JsonCursor cursor(text, file);
        JsonCursor ahead = cursor;
        REQUIRE(ahead.enter_first());
        CHECK(ahead.keys() == std::vector<std::string>{"x", "z"});
        CHECK(ahead.enter("z"));
        CHECK(ahead.number("z") == 2);
        JsonCursor other = cursor;
        CHECK_FALSE(other.enter("z"));
        CHECK(cursor.next() == JsonCursor::Kind::array);
        cursor.skip();
        cursor.end();
    }

    TEST_CASE("what is no JSON is refused with its place") {
        for (const std::string text : {"", "[1,]", "[1 2]", "{\"a\":}", "{\"a\" 1}", "{a:1}",
                                       "{\"a\":1,}", "[1}", "[", "\"x", "[tru]", "[1]]", "[\"\\",
                                       "{\"a\":1 \"b\":2}", "[--1]", "[1.2.3]", "[,1]", "]"}) {
            CAPTURE(text);
            CHECK(contains(error_in(text), {"some.json:1:"}));
        }
        CHECK(contains(error_in("[1,\n 2,\n  x]"), {"some.json:3:3"}));
        CHECK(contains(error_in(std::string(100'000, '[')), {"256"}));
        const std::string text = R"({"a": "text"})";
        CHECK(contains(error_of([&] {
                           JsonCursor cursor(text, file);
                           cursor.enter("a");
                           cursor.number("`a`");
                       }),
                       {"some.json:1:7", "`a`", "\"text\"", "number"}));
        CHECK(contains(error_of([&] {
                           JsonCursor cursor(text, file);
                           cursor.array("the root", [&](std::size_t) { cursor.skip(); });
                       }),
                       {"the root", "an object with `a`", "a list belongs"}));
    }

    TEST_CASE("objects in the place of names are refused, however deep") {
        const std::string text(1'000'000, '{');
        CHECK(contains(error_in(text), {"some.json:1:2", "in quotes is missing"}));
        JsonCursor cursor(text, file);
        CHECK(contains(error_of([&] { cursor.string("`a`"); }),
                       {"some.json:1:2", "in quotes is missing"}));
        CHECK(
            contains(error_of([&] { cursor.keys(); }), {"some.json:1:2", "in quotes is missing"}));
    }
}

}  // namespace mdn::test
