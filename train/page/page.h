// Puts one HTML document together that needs nothing outside itself: it opens from disk, without a
// network. C++ computes all its data; the scripts of this folder only draw them and react.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace mdn {

struct Page {
    std::string title;
    /// Names of this folder's scripts, in order, after page.js and charts.js, which every page has.
    std::vector<std::string> scripts;
    /// What the scripts draw: `Page.data` to them. Text that is no UTF-8 is repaired.
    nlohmann::ordered_json data;
    /// Said in place of the figures where scripts are switched off: where the numbers are.
    std::string without_scripts;
    /// The text of a stylesheet and of scripts that follow those above, for a page whose files are
    /// not compiled into the program. No text may hold "</script" or "</style".
    std::string own_style = {};
    std::vector<std::string> own_scripts = {};
    /// Whether a script compiles WebAssembly, which the page's policy otherwise forbids.
    bool compiles = false;
};

std::string page_html(const Page& page);

std::string base64(const std::string& bytes);

/// "data:image/jpeg;base64,…" of a file's bytes, for an <img> or an SVG <image>.
std::string jpeg_uri(const std::string& bytes);

/// & < > " ' as entities.
std::string escaped_html(const std::string& text);

}  // namespace mdn
