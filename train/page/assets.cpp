// The assembler copies the files as they are; the Makefile says that this object depends on them.
#include "train/page/assets.h"

#include <stdexcept>

// asset_NAME … asset_NAME_end are the bytes of train/page/FILE.
#define ASSET(name, file)                                                       \
    __asm__(                                                                    \
        ".pushsection .rodata\n"                                                \
        "asset_" #name ": .incbin \"train/page/" file                           \
        "\"\n"                                                                  \
        "asset_" #name                                                          \
        "_end:\n"                                                               \
        ".popsection\n");                                                       \
    extern "C" __attribute__((visibility("hidden"))) const char asset_##name[]; \
    extern "C" __attribute__((visibility("hidden"))) const char asset_##name##_end[]

ASSET(page_css, "page.css");
ASSET(page_js, "page.js");
ASSET(charts_js, "charts.js");
ASSET(clip_view_js, "clip_view.js");
ASSET(clip_js, "clip.js");
ASSET(report_js, "report.js");
ASSET(timeline_js, "timeline.js");

namespace mdn {

std::string_view page_asset(const std::string& name) {
    const struct {
        const char *name, *begin, *end;
    } assets[] = {
        {"page.css", asset_page_css, asset_page_css_end},
        {"page.js", asset_page_js, asset_page_js_end},
        {"charts.js", asset_charts_js, asset_charts_js_end},
        {"clip_view.js", asset_clip_view_js, asset_clip_view_js_end},
        {"clip.js", asset_clip_js, asset_clip_js_end},
        {"report.js", asset_report_js, asset_report_js_end},
        {"timeline.js", asset_timeline_js, asset_timeline_js_end},
    };
    for (const auto& asset : assets)
        if (name == asset.name) return {asset.begin, asset.end};
    throw std::logic_error("no page asset is called " + name);
}

}  // namespace mdn
