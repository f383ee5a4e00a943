#include "train/timeline_page.h"

#include <algorithm>
#include <cmath>

#include "data/images/jpeg_writer.h"
#include "train/metrics.h"
#include "train/page/clip_data.h"
#include "train/page/page.h"
#include "train/predict.h"

namespace mdn {

namespace {

using Json = nlohmann::ordered_json;

/// Whether a row tells more of its stretch: without a person the model has nobody to look at,
/// however sure it is.
bool tells_more(const TimelineRow& row, const TimelineRow& than) {
    if (row.person_visible != than.person_visible) return row.person_visible;
    return row.probability > than.probability;
}

double thousandth(double x) { return std::round(1000 * x) / 1000; }

/// [first frame, last frame, person visible, [[class, probability], …] the three best, [α per
/// entity]]
Json cell_json(const TimelineRow& row) {
    Json top = Json::array(), alpha = Json::array();
    for (const int64_t c : top_classes(row.probabilities, 3))
        top.push_back({c, thousandth(row.probabilities[c])});
    for (const double a : row.alpha_st) alpha.push_back(thousandth(a));
    return {row.first_frame, row.last_frame, row.person_visible, std::move(top), std::move(alpha)};
}

}  // namespace

TimelinePage::TimelinePage(TimelinePageOptions options)
    : options_(std::move(options)),
      windows_per_cell_((options_.windows + most_cells - 1) / most_cells) {}

void TimelinePage::add(const TimelineRow& row) {
    if (rows_++ % windows_per_cell_ == 0)
        cells_.push_back(row);
    else if (row.probability > cells_.back().probability)
        cells_.back() = row;

    if (!run_ || run_->surest.action != row.action) {
        if (run_) runs_.push_back(*run_);
        if (std::ssize(runs_) > 2 * most_runs) keep_longest(runs_);
        run_ = {.surest = row, .first_frame = row.first_frame};
        ++runs_in_all_;
    }
    run_->last_frame = row.last_frame;
    ++run_->windows;
    run_->unseen += !row.person_visible;
    run_->sum += row.probability;
    run_->highest = std::max(run_->highest, row.probability);
    if (tells_more(row, run_->surest)) run_->surest = row;
}

void TimelinePage::keep_longest(std::vector<Run>& runs) {
    std::stable_sort(runs.begin(), runs.end(),
                     [](const Run& a, const Run& b) { return a.windows > b.windows; });
    if (std::ssize(runs) > most_runs) runs.erase(runs.begin() + most_runs, runs.end());
}

std::vector<TimelinePage::Run> TimelinePage::longest_runs() const {
    std::vector<Run> runs = runs_;
    if (run_) runs.push_back(*run_);
    keep_longest(runs);
    return runs;
}

std::vector<int64_t> TimelinePage::thumbnail_frames() const {
    const int64_t count = std::min(options_.frames, most_thumbnails);
    std::vector<int64_t> frames;
    for (int64_t i = 0; i < count; ++i)
        frames.push_back((2 * i + 1) * options_.frames / (2 * count));
    return frames;
}

void TimelinePage::add_thumbnail(const Image& picture) {
    thumbnails_.push_back(jpeg_uri(jpeg_bytes(reduced(picture, thumbnail_side), 60)));
}

void TimelinePage::add_link(const TimelineRow& row, const std::string& file) {
    links_.emplace_back(row.first_frame, file);
}

std::vector<TimelineRow> TimelinePage::worth_explaining(int64_t count) const {
    std::vector<TimelineRow> rows;
    for (const Run& run : longest_runs())
        if (std::ssize(rows) < count && run.surest.person_visible) rows.push_back(run.surest);
    return rows;
}

Json TimelinePage::data() const {
    Json data = {{"recording", options_.recording},
                 {"weights", options_.weights},
                 {"fps", options_.frames_per_second},
                 {"frames", options_.frames},
                 {"windows", rows_},
                 {"window", options_.window},
                 {"stride", options_.stride},
                 {"windows_per_cell", windows_per_cell_},
                 {"entities", options_.entities},
                 {"numbers_from", cells_.empty() ? 1 : cells_[0].numbers_from},
                 {"explain",
                  {{"command", options_.explain_command},
                   {"folder", options_.explain_folder},
                   {"stem", options_.explain_stem}}},
                 {"views", options_.views}};
    data["names"] = Json::object();
    const auto name = [&](int64_t c) {
        data["names"][std::to_string(c)] = class_name(options_.names, c);
    };
    data["cells"] = Json::array();
    int64_t without_person = 0;
    for (const TimelineRow& row : cells_) {
        data["cells"].push_back(cell_json(row));
        without_person += !row.person_visible;
        for (const int64_t c : top_classes(row.probabilities, 3)) name(c);
    }
    data["cells_without_person"] = without_person;

    std::vector<Run> runs = longest_runs();
    std::sort(runs.begin(), runs.end(),
              [](const Run& a, const Run& b) { return a.first_frame < b.first_frame; });
    data["runs_in_all"] = runs_in_all_;
    data["runs"] = Json::array();
    for (const Run& run : runs) {
        name(run.surest.action);
        data["runs"].push_back({run.surest.action, run.first_frame, run.last_frame, run.windows,
                                thousandth(run.sum / static_cast<double>(run.windows)),
                                thousandth(run.highest), run.surest.first_frame, run.unseen});
    }
    data["thumbnails"] = Json::array();
    const std::vector<int64_t> frames = thumbnail_frames();
    for (size_t i = 0; i < thumbnails_.size(); ++i)
        data["thumbnails"].push_back({frames[i], thumbnails_[i]});
    data["links"] = Json::object();
    for (const auto& [frame, file] : links_) data["links"][std::to_string(frame)] = file;
    return data;
}

std::string TimelinePage::html() const {
    return page_html(
        {.title = "Timeline of " + options_.recording,
         .scripts = {"clip_view.js", "timeline.js"},
         .data = data(),
         .without_scripts = "The CSV or JSON file of --timeline holds the same rows."});
}

}  // namespace mdn
