// What a model says about a long recording: a window that moves along it, in memory that does not
// grow with its length.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "data/clip.h"
#include "data/dataset.h"
#include "model/micro_dualnet.h"

namespace mdn {

/// A stretch of frames, counted from 0.
struct Window {
    int64_t first = 0;
    int64_t count = 0;
};

/// Windows of `length` frames, every `stride` frames; where the last of them does not end with the
/// recording, one more does, which overlaps its neighbour by more than the others. So every frame
/// is in a window, and all windows are equally long. A recording shorter than one is a single
/// window.
class Windows {
  public:
    /// Throws Error unless 1 ≤ stride ≤ length and there are frames.
    Windows(int64_t frames, int64_t length, int64_t stride);

    int64_t count() const { return count_; }
    Window at(int64_t i) const;

  private:
    int64_t frames_, length_, stride_, count_;
};

/// One window's answer.
struct TimelineRow {
    int64_t first_frame = 0, last_frame = 0;  // inclusive, by the numbers of the files
    int64_t numbers_from = 1;                 // the number of the recording's first frame, 0 or 1
    bool person_visible = false;              // if not: without_person_text()
    int64_t action = 0;                       // the likeliest
    double probability = 0;                   // of that action
    std::vector<double> alpha_st;             // [K], weight of the ST path; empty without two paths
    std::vector<double> probabilities;        // [classes]
};

struct TimelineOptions {
    int64_t window = 48;  // frames
    int64_t stride = 12;  // frames
    int64_t batch = 4;    // windows at a time
    int64_t workers = 2;  // threads that read
    bool record = true;   // forward passes, on a device that can
    /// Frames that are in several windows are decoded once while they fit.
    int64_t cache_bytes = int64_t{128} << 20;
};

/// Reads every window as evaluation reads a clip (`clips`: clip_options() of the model, with any
/// views), and hands over the rows in order, as they come. `progress`, where given, is told the
/// windows done and all there are. Throws Error, before the first window, if a file of any is
/// missing; then for unreadable files, and logits that are not finite, naming the window's frames.
void make_timeline(MicroDualNet& model, const ClipFiles& recording, const ClipOptions& clips,
                   const TimelineOptions& options, const std::function<void(TimelineRow)>& row,
                   const std::function<void(int64_t, int64_t)>& progress = {});

/// Turns rows into text, CSV or a JSON array with an object a line: begin(), row() …, end().
class TimelineText {
  public:
    enum class Format { csv, json };

    /// `names` of the classes may be empty; `entities` must be if the rows have no alpha_st. With
    /// frames a second above 0, times are written beside frame numbers.
    TimelineText(Format format, std::vector<std::string> names, std::vector<std::string> entities,
                 double frames_per_second);

    std::string begin() const;
    std::string row(const TimelineRow& row);
    std::string end() const;

  private:
    Format format_;
    std::vector<std::string> names_, entities_;
    double frames_per_second_;
    bool first_ = true;
};

}  // namespace mdn
