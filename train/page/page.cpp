#include "train/page/page.h"

#include <algorithm>
#include <cstdint>

#include "train/page/assets.h"

namespace mdn {

namespace {

/// JSON that may stand inside <script>: a name such as "</script>" must not end it. Outside of
/// strings JSON has no '<'.
std::string script_json(const nlohmann::ordered_json& data) {
    using Handler = nlohmann::ordered_json::error_handler_t;
    std::string text;
    for (const char c : data.dump(-1, ' ', false, Handler::replace))
        if (c == '<')
            text += "\\u003c";
        else
            text += c;
    return text;
}

}  // namespace

std::string escaped_html(const std::string& text) {
    std::string result;
    for (const char c : text) {
        switch (c) {
            case '&':
                result += "&amp;";
                break;
            case '<':
                result += "&lt;";
                break;
            case '>':
                result += "&gt;";
                break;
            case '"':
                result += "&quot;";
                break;
            case '\'':
                result += "&#39;";
                break;
            default:
                result += c;
        }
    }
    return result;
}

std::string base64(const std::string& bytes) {
    constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (size_t i = 0; i < bytes.size(); i += 3) {
        const size_t count = std::min<size_t>(3, bytes.size() - i);
        uint32_t bits = 0;
        for (size_t k = 0; k < 3; ++k)
            bits = bits << 8 | (k < count ? static_cast<uint8_t>(bytes[i + k]) : 0u);
        for (size_t k = 0; k < 4; ++k) text += k <= count ? digits[bits >> (18 - 6 * k) & 63] : '=';
    }
    return text;
}

std::string jpeg_uri(const std::string& bytes) { return "data:image/jpeg;base64," + base64(bytes); }

std::string page_html(const Page& page) {
    std::vector<std::string> scripts = {"page.js", "charts.js"};
    scripts.insert(scripts.end(), page.scripts.begin(), page.scripts.end());
    const std::string title = escaped_html(page.title);
    // The policy makes the browser itself refuse whatever would leave the page.
    std::string html =
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
        "style-src 'unsafe-inline'; script-src 'unsafe-inline'";
    if (page.compiles) html += " 'wasm-unsafe-eval'";
    html +=
        "; img-src data:\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n<title>" +
        title + "</title>\n<style>\n";
    html.append(page_asset("page.css"))
        .append(page.own_style)
        .append("</style>\n</head>\n<body>\n<header><h1>");
    html.append(title).append("</h1></header>\n<noscript><p class=\"note\">");
    html.append("The figures of this page are drawn by JavaScript, which is switched off here. ");
    html.append(escaped_html(page.without_scripts)).append("</p></noscript>\n");
    html.append("<main></main>\n<script type=\"application/json\" id=\"data\">");
    html.append(script_json(page.data)).append("</script>\n");
    for (const std::string& name : scripts)
        html.append("<script>\n").append(page_asset(name)).append("</script>\n");
    for (const std::string& script : page.own_scripts)
        html.append("<script>\n").append(script).append("</script>\n");
    return html.append("</body>\n</html>\n");
}

}  // namespace mdn
