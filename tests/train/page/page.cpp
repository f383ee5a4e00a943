#include "train/page/page.h"

#include <doctest/doctest.h>

#include "engine/random.h"
#include "tests/data/temporary_dataset.h"
#include "train/page/assets.h"

using namespace mdn;
using mdn::test::contains;

namespace {

/// What stands between two marks of a page.
std::string between(const std::string& page, const std::string& begin, const std::string& end) {
    const size_t at = page.find(begin);
    REQUIRE(at != std::string::npos);
    const size_t from = at + begin.size();
    return page.substr(from, page.find(end, from) - from);
}

/// Plain decoding, four letters at a time.
std::string decoded(const std::string& base64) {
    const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string bytes;
    for (size_t i = 0; i < base64.size(); i += 4) {
        uint32_t bits = 0;
        int count = 0;
        for (size_t k = i; k < i + 4; ++k) {
            bits <<= 6;
            if (base64[k] == '=') continue;
            bits |= static_cast<uint32_t>(digits.find(base64[k]));
            ++count;
        }
        for (int k = 0; k < count - 1; ++k) bytes += static_cast<char>(bits >> (16 - 8 * k));
    }
    return bytes;
}

}  // namespace

TEST_SUITE("train/page/page") {
    TEST_CASE("a page holds its data whatever names they contain, and refers to nothing outside") {
        const std::string hostile = "</script><b>\"&'<!--\xff\xe2\x80\xa8";
        const Page page{.title = "run <1> & \"2\"",
                        .scripts = {"clip_view.js"},
                        .data = {{"name", hostile}, {"values", {1.5, nullptr, -2}}},
                        .without_scripts = "See test.json."};
        const std::string html = page_html(page);
        CHECK(contains(html, {"<!DOCTYPE html>", "<title>run &lt;1&gt; &amp; &quot;2&quot;</title>",
                              "default-src 'none'", "width=device-width", "<noscript>",
                              "See test.json.", "Page.attentionMaps", "</html>"}));
        const std::string data =
            between(html, "<script type=\"application/json\" id=\"data\">", "</script>");
        const auto read = nlohmann::json::parse(data);
        // Bytes that are no UTF-8 become U+FFFD.
        CHECK(read["name"] == "</script><b>\"&'<!--\xef\xbf\xbd\xe2\x80\xa8");
        CHECK(read["values"][0] == 1.5);
        // The browser would fetch these. (A namespace's name is no reference.)
        std::string rest = html;
        for (size_t at; (at = rest.find("http://www.w3.org/2000/svg")) != std::string::npos;)
            rest.erase(at, 26);
        for (const char* outside : {"http:", "https:", "src=", "@import", "url(//", "<link"})
            CHECK_MESSAGE(rest.find(outside) == std::string::npos, outside);
    }

    TEST_CASE("no stylesheet or script ends the element that holds it") {
        for (const char* name : {"page.css", "page.js", "charts.js", "clip_view.js", "clip.js",
                                 "report.js", "timeline.js"}) {
            const std::string text(page_asset(name));
            CHECK(text.size() > 50);
            CHECK(text.find('\0') == std::string::npos);
            CHECK(text.ends_with("\n"));
            for (const char* end : {"</script", "</style", "<!--"})
                CHECK_MESSAGE(text.find(end) == std::string::npos, name << " " << end);
        }
        CHECK_THROWS(page_asset("other.js"));
    }

    TEST_CASE("a picture's bytes come back from its address, whatever their number") {
        Random random(3);
        for (const size_t count : {0, 1, 2, 3, 4, 5, 300}) {
            std::string bytes;
            for (size_t i = 0; i < count; ++i) bytes += static_cast<char>(random.below(256));
            const std::string uri = jpeg_uri(bytes);
            REQUIRE(uri.starts_with("data:image/jpeg;base64,"));
            CHECK(decoded(uri.substr(23)) == bytes);
        }
    }
}
