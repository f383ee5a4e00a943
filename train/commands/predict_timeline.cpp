#include "train/commands/predict_timeline.h"

#include <algorithm>
#include <optional>

#include "engine/error.h"
#include "engine/files/atomic_file.h"
#include "train/evaluate.h"
#include "train/output/progress.h"

namespace mdn {

namespace {

TimelineText::Format format_of(const std::string& file, bool json) {
    using Format = TimelineText::Format;
    if (file.empty()) return json ? Format::json : Format::csv;
    if (file.ends_with(".json")) return Format::json;
    if (file.ends_with(".csv") && !json) return Format::csv;
    throw Error("--timeline " + file + " must end in " +
                (json ? ".json with --json" : ".csv or .json"));
}

}  // namespace

void TimelineFlags::declare(CommandLine& options) {
    options.integer(
        "--window", window, 1, 1'000'000,
        "make a timeline of a long recording: frames of the window that moves along it");
    options.integer("--stride", stride, 1, 1'000'000,
                    "frames from one window to the next; if not given, a quarter of the window");
    options.text("--timeline", file, "FILE",
                 "write the timeline to this CSV or JSON file instead of to stdout");
    options.number("--fps", frames_per_second, 0, 1e6,
                   "frames per second of the recording; adds times to the timeline");
}

bool TimelineFlags::wanted(const CommandLine& options) const {
    if (options.given("--window") || options.given("--timeline")) return true;
    for (const char* flag : {"--stride", "--fps"})
        if (options.given(flag))
            throw Error(std::string(flag) + " is for a timeline", "give --window N beside it");
    return false;
}

void predict_timeline(const TimelineFlags& flags, const CommandLine& options, MicroDualNet& model,
                      const ClipFiles& recording, const ClipOptions& clips, BatchReading reading,
                      const std::vector<std::string>& names, bool json, std::ostream& out,
                      std::ostream& notes) {
    const Config& config = model.config();
    TimelineOptions settings;
    settings.window = flags.window;
    settings.stride = flags.stride;
    settings.batch = reading.batch;
    settings.workers = reading.workers;
    settings.record = reading.record;
    if (!options.given("--stride")) settings.stride = std::max<int64_t>(settings.window / 4, 1);
    TimelineText text(format_of(flags.file, json), names,
                      config.has_both_paths() ? config.entities : std::vector<std::string>(),
                      flags.frames_per_second);
    std::optional<AtomicFile> file;
    if (!flags.file.empty()) file.emplace(flags.file);
    const auto write = [&](const std::string& part) {
        if (file)
            file->write(part);
        else
            out << part << std::flush;
    };

    Progress progress(notes);
    const Stopwatch watch;
    int64_t rows = 0, without_person = 0;
    // Nothing is written before there is a row: a mistake would be found below a header.
    make_timeline(
        model, recording, clips, settings,
        [&](const TimelineRow& row) {
            if (rows == 0) write(text.begin());
            write(text.row(row));
            ++rows;
            without_person += !row.person_visible;
        },
        count_progress(progress, "window"));
    write(text.end());
    if (file) file->commit();
    progress.line(std::to_string(recording.count) + " frames, " + std::to_string(rows) +
                  (rows == 1 ? " window" : " windows") + ", " + duration_text(watch.seconds()));
    if (without_person > 0) progress.line(without_person_text("windows", without_person, config));
}

}  // namespace mdn
