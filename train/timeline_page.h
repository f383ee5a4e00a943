// timeline.html: a long recording at a glance. timeline.js draws it. Its size does not grow with
// the recording.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "data/images/image.h"
#include "train/timeline.h"

namespace mdn {

struct TimelinePageOptions {
    std::string recording;              // its name
    std::string weights;                // the file
    std::vector<std::string> names;     // of the classes; may be empty
    std::vector<std::string> entities;  // empty if the rows have no alpha_st
    double frames_per_second = 0;       // above 0: times are shown beside frames
    int64_t frames = 0;                 // of the recording
    int64_t windows = 0;                // rows that will be added
    int64_t window = 0, stride = 0;     // frames
    /// `microdualnet explain …` for this recording, to which the page adds the frames of a window
    /// and the file to write.
    std::string explain_command;
    std::string explain_folder = {};  // before that name in the command: of the page, with its /
    std::string explain_stem;         // that file's name, before its frames: "day1_window"
    int64_t views = 1;                // of a window, whose mean its row is
};

/// Takes the rows of a timeline as they come. Of more than `most_cells` windows, the page shows the
/// surest of every few neighbours; of more runs than `most_runs`, the longest.
class TimelinePage {
  public:
    static constexpr int64_t most_cells = 2000;
    static constexpr int64_t most_runs = 300;
    static constexpr int64_t most_thumbnails = 100;
    static constexpr int64_t thumbnail_side = 72;  // pixels

    explicit TimelinePage(TimelinePageOptions options);

    void add(const TimelineRow& row);

    /// The frames of which the page wants pictures, from 0 in the recording, evenly along it.
    std::vector<int64_t> thumbnail_frames() const;
    /// A picture of one of them, in their order.
    void add_thumbnail(const Image& picture);
    /// The explanation of a window that lies in a file beside the page.
    void add_link(const TimelineRow& row, const std::string& file);

    /// The surest window of each of the longest runs, at most `count`, longest first: what is most
    /// worth a page of its own. A window in which nobody is visible is none of them.
    std::vector<TimelineRow> worth_explaining(int64_t count) const;

    nlohmann::ordered_json data() const;
    std::string html() const;

  private:
    /// Neighbouring windows with the same action.
    struct Run {
        TimelineRow surest;  // of the windows with a visible person; of all where there is none
        int64_t first_frame = 0, last_frame = 0;
        int64_t windows = 0;
        int64_t unseen = 0;  // of them without a visible person
        double sum = 0;      // of their probabilities
        double highest = 0;  // of them all
    };

    static void keep_longest(std::vector<Run>& runs);
    /// At most most_runs, the longest first.
    std::vector<Run> longest_runs() const;

    TimelinePageOptions options_;
    int64_t windows_per_cell_;
    int64_t rows_ = 0;
    std::vector<TimelineRow> cells_;
    std::vector<Run> runs_;   // those that ended
    std::optional<Run> run_;  // that goes on
    int64_t runs_in_all_ = 0;
    std::vector<std::string> thumbnails_;                 // data URIs
    std::vector<std::pair<int64_t, std::string>> links_;  // first frame of a window, file
};

}  // namespace mdn
