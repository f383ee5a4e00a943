#include "data/formats/list_file.h"

#include "tests/data/temporary_dataset.h"

namespace mdn::test {

TEST_SUITE("data/formats/list_file") {
    TEST_CASE("the fields of a CSV row, quoted or not") {
        using Fields = std::vector<std::string>;
        CHECK(split_csv("a,b,,d", "f:1") == Fields{"a", "b", "", "d"});
        CHECK(split_csv("", "f:1") == Fields{""});
        CHECK(split_csv("a,", "f:1") == Fields{"a", ""});
        CHECK(split_csv(" a , b c ,", "f:1") == Fields{"a", "b c", ""});
        CHECK(split_csv("\"a, b\", \"say \"\"no\"\"\" ,c\"d", "f:1") ==
              Fields{"a, b", "say \"no\"", "c\"d"});
        CHECK(split_csv("\"\",\"\"", "f:1") == Fields{"", ""});
        CHECK(contains(error_of([] { split_csv("a,\"b", "f:1"); }), {"f:1", "not closed"}));
        CHECK(contains(error_of([] { split_csv("\"a\"b,c", "f:1"); }), {"f:1", "comma"}));
    }

    TEST_CASE("what csv_field writes is what split_csv reads") {
        for (const std::string& text :
             {std::string("plain"), std::string("a, \"b\""), std::string("\"")})
            CHECK(split_csv(csv_field(text) + "," + csv_field(text), "f:1") ==
                  std::vector<std::string>{text, text});
        CHECK(csv_field("plain") == "plain");
        CHECK(csv_field("a\r") == "\"a\r\"");
    }
}

}  // namespace mdn::test
