#include "train/commands/predict_timeline.h"

#include <algorithm>
#include <deque>
#include <filesystem>
#include <optional>

#include "engine/error.h"
#include "engine/files/atomic_file.h"
#include "train/evaluate.h"
#include "train/explain/clip_page.h"
#include "train/explain/explanation.h"
#include "train/output/counted.h"
#include "train/output/progress.h"
#include "train/stop.h"
#include "train/timeline_page.h"

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

/// What the pages of a timeline's windows are called, before their frames.
std::string window_stem(const std::string& html) {
    return std::filesystem::path(html).stem().string() + "_window_";
}

/// "out/" of out/day1.html, where the command of a window's explanation must write it.
std::string folder_of(const std::string& html) {
    const std::string folder = std::filesystem::path(html).parent_path().string();
    return folder.empty() || folder.ends_with("/") ? folder : folder + "/";
}

/// The page, with pictures along the recording, and those of the windows that are explained. All
/// get their names at the end: a page whose links lead nowhere, or to another recording's windows,
/// would be worse than none.
void write_page(TimelinePage& page, const TimelineFlags& flags, MicroDualNet& model,
                const ClipFiles& recording, const ClipOptions& clips, const TimelineSource& source,
                const std::vector<std::string>& names, Progress& progress) {
    const Stopwatch watch;
    if (clips.input == ClipInput::frames) {
        const std::vector<int64_t> frames = page.thumbnail_frames();
        int64_t done = 0;
        for (const int64_t frame : frames) {
            page.add_thumbnail(frame_as_seen(recording, frame, clips));
            progress.update(count_text("picture", ++done, std::ssize(frames), watch.seconds()));
        }
    }
    const std::vector<TimelineRow> rows = page.worth_explaining(flags.explain);
    std::deque<AtomicFile> files;
    int64_t done = 0;
    for (const TimelineRow& row : rows) {
        const Stopwatch each;
        const int64_t first = recording.names.first + recording.first;
        const ClipFiles window =
            recording.part(row.first_frame - first, row.last_frame - row.first_frame + 1);
        const std::string file = window_stem(flags.html) + std::to_string(row.first_frame) + "-" +
                                 std::to_string(row.last_frame) + ".html";
        const Explanation explanation = explain(model, window, clips, unlabelled);
        const Film film = film_of(window, clips, explanation.clip.view.frames, most_film_frames);
        files.emplace_back((std::filesystem::path(flags.html).parent_path() / file).string());
        files.back().write(
            clip_page(explanation, film, model.config(),
                      {.clip = recording.name + ", frames " + std::to_string(row.first_frame) +
                               " to " + std::to_string(row.last_frame),
                       .weights = source.weights,
                       .classes = names,
                       .first_number = row.first_frame,
                       .seconds = each.seconds(),
                       .views = clips.views(),
                       .mean_of_views = row.probabilities}));
        page.add_link(row, file);
        progress.update(count_text("explanation", ++done, std::ssize(rows), watch.seconds()));
    }
    const std::string html = page.html();
    files.emplace_back(flags.html).write(html);
    for (AtomicFile& file : files) file.commit();
    progress.line(
        "wrote " + flags.html + " (" + bytes_text(std::ssize(html)) + ")" +
        (rows.empty() ? "" : " and " + counted(std::ssize(rows), "page") + " of windows") + ", " +
        duration_text(watch.seconds()));
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
    options.text("--html", html, "FILE",
                 "also write the timeline as a page: actions, routing and thumbnails");
    options.integer("--explain", explain, 0, TimelinePage::most_runs,
                    "with --html: write the page of `explain` for this many windows as well, the "
                    "surest of each of the longest stretches in which somebody is visible");
}

bool TimelineFlags::wanted(const CommandLine& options) const {
    if (options.given("--explain") && html.empty())
        throw Error("--explain is for the page of a timeline", "give --html FILE beside it");
    if (options.given("--window") || options.given("--timeline") || options.given("--html"))
        return true;
    for (const char* flag : {"--stride", "--fps"})
        if (options.given(flag))
            throw Error(std::string(flag) + " is for a timeline", "give --window N beside it");
    return false;
}

void predict_timeline(const TimelineFlags& flags, const CommandLine& options, MicroDualNet& model,
                      const ClipFiles& recording, const ClipOptions& clips, BatchReading reading,
                      const TimelineSource& source, const std::vector<std::string>& names,
                      bool json, std::ostream& out, std::ostream& notes) {
    const Config& config = model.config();
    TimelineOptions settings;
    settings.window = flags.window;
    settings.stride = flags.stride;
    settings.batch = reading.batch;
    settings.workers = reading.workers;
    settings.record = reading.record;
    if (!options.given("--stride")) settings.stride = std::max<int64_t>(settings.window / 4, 1);
    const std::vector<std::string> with_alpha =
        config.has_both_paths() ? config.entities : std::vector<std::string>();
    TimelineText text(format_of(flags.file, json), names, with_alpha, flags.frames_per_second);
    Progress progress(notes);  // before the file: a signal ends with it removed
    std::optional<AtomicFile> file;
    if (!flags.file.empty()) file.emplace(flags.file);
    const auto write = [&](const std::string& part) {
        if (file)
            file->write(part);
        else
            out << part << std::flush;
    };

    std::optional<TimelinePage> page;
    if (!flags.html.empty())
        page.emplace(TimelinePageOptions{
            .recording = recording.name,
            .weights = source.weights,
            .names = names,
            .entities = with_alpha,
            .frames_per_second = flags.frames_per_second,
            .frames = recording.count,
            .windows = Windows(recording.count, settings.window, settings.stride).count(),
            .window = settings.window,
            .stride = settings.stride,
            .explain_command = source.explain_command,
            .explain_folder = folder_of(flags.html),
            .explain_stem = window_stem(flags.html),
            .views = clips.views()});

    const Stopwatch watch;
    int64_t rows = 0, without_person = 0;
    // Nothing is written before there is a row: a mistake would be found below a header.
    make_timeline(
        model, recording, clips, settings,
        [&](const TimelineRow& row) {
            if (rows == 0) write(text.begin());
            write(text.row(row));
            if (page) page->add(row);
            ++rows;
            without_person += !row.person_visible;
        },
        count_progress(progress, "window"));
    write(text.end());
    if (file) file->commit();
    progress.line(std::to_string(recording.count) + " frames, " + std::to_string(rows) +
                  (rows == 1 ? " window" : " windows") + ", " + duration_text(watch.seconds()));
    if (without_person > 0) progress.line(without_person_text("windows", without_person, config));
    if (!page) return;
    try {
        write_page(*page, flags, model, recording, clips, source, names, progress);
    } catch (const Stopped& stopped) {
        throw Stopped(stopped.signal(),
                      (file ? flags.file : "the timeline") + " is complete; no page is written");
    }
}

}  // namespace mdn
