#include "data/formats/imigue_tables.h"

#include <utility>

#include "data/file.h"
#include "data/formats/list_file.h"
#include "engine/error.h"

namespace mdn {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t subjects = 72;

std::int64_t class_of(const std::string& text, bool may_be_missing, const std::string& where) {
    const std::int64_t id = parse_integer(text, "class", where);
    if (id == 0 && may_be_missing) return unlabelled;
    if (id == 99) return 31;
    if (id < 1 || id > 31) throw Error(where + ": class " + text + " is neither in 1..31 nor 99");
    return id - 1;
}

std::int64_t subject_of(const std::string& text, const std::string& where) {
    const std::int64_t subject = parse_integer(text, "subject_id", where);
    if (subject < 1 || subject > subjects)
        throw Error(where + ": subject " + text + " is outside 1.." + std::to_string(subjects));
    return subject;
}

void set_range(Gesture& gesture, const std::string& start, const std::string& end,
               std::int64_t first_frame) {
    gesture.start = parse_integer(start, "start frame", gesture.where);
    gesture.end = parse_integer(end, "end frame", gesture.where);
    if (gesture.start < first_frame)
        throw Error(gesture.where + ": start frame " + start + " is below " +
                        std::to_string(first_frame) + ": frames count from " +
                        std::to_string(first_frame),
                    gesture.start == 0 ? "if this file counts from 0: --first-frame 0" : "");
    constexpr std::int64_t longest = 10'000'000;  // four days at 25 a second
    if (gesture.end > longest)
        throw Error(gesture.where + ": end frame " + end + " is beyond any recording");
    if (gesture.start > gesture.end)
        throw Error(gesture.where + ": start frame " + start + " comes after end frame " + end);
}

/// Rows of a CSV file with a header, given to `take` as (field by column name, where). Throws Error
/// if a column is missing; what `take` throws goes to `report`.
template <class Take>
void read_table(const fs::path& file, const std::vector<std::string>& wanted, const Report& report,
                Take take) {
    LineReader lines(file);
    std::map<std::string, std::size_t> column;
    std::size_t width = 0;
    for (std::string line; lines.next(line);) {
        const std::string where = lines.where();
        if (width == 0) {
            const std::vector<std::string> header = split_csv(line, where);
            width = header.size();
            for (std::size_t c = 0; c < width; ++c) column.emplace(header[c], c);
            for (const std::string& name : wanted)
                if (!column.contains(name))
                    throw Error(where + ": the header names no column " + name);
            continue;
        }
        try {
            const std::vector<std::string> fields = split_csv(line, where);
            if (fields.size() != width)
                throw Error(where + ": " + std::to_string(fields.size()) +
                            " fields, but the header names " + std::to_string(width) + " columns");
            take([&](const char* name) -> const std::string& { return fields[column.at(name)]; },
                 where);
        } catch (const Error& error) {
            report(error);
        }
    }
    if (width == 0) throw Error(file.string() + " is empty");
}

}  // namespace

std::int64_t parse_video(const std::string& text, const std::string& where) {
    const std::int64_t video = parse_integer(text, "video_id", where);
    if (video < 1) throw Error(where + ": video_id " + text + " is below 1");
    return video;
}

std::vector<Gesture> read_label_table(const fs::path& file,
                                      const std::function<bool(std::int64_t subject)>& wanted,
                                      std::int64_t first_frame, const Report& report) {
    std::vector<Gesture> gestures;
    read_table(file, {"video_id", "class", "start_frame", "end_frame", "subject_id"}, report,
               [&](auto field, const std::string& where) {
                   if (!wanted(subject_of(field("subject_id"), where))) return;
                   Gesture gesture{.video = parse_video(field("video_id"), where),
                                   .label = class_of(field("class"), false, where),
                                   .where = where};
                   set_range(gesture, field("start_frame"), field("end_frame"), first_frame);
                   gestures.push_back(std::move(gesture));
               });
    return gestures;
}

std::vector<Gesture> read_label_file(const fs::path& file, std::int64_t video, bool may_be_missing,
                                     std::int64_t first_frame, const Report& report) {
    std::vector<Gesture> gestures;
    LineReader lines(file);
    for (std::string line; lines.next(line);) {
        const std::string where = lines.where();
        try {
            const std::vector<std::string> fields = split_csv(line, where);
            if (fields.size() != 3)
                throw Error(where + ": '" + line + "' is not of the form class,start,end");
            Gesture gesture{.video = video,
                            .label = class_of(fields[0], may_be_missing, where),
                            .where = where};
            set_range(gesture, fields[1], fields[2], first_frame);
            gestures.push_back(std::move(gesture));
        } catch (const Error& error) {
            report(error);
        }
    }
    return gestures;
}

bool lacks_labels(const fs::path& file) {
    LineReader lines(file);
    for (std::string line; lines.next(line);) {
        try {
            const std::string where = lines.where();
            if (parse_integer(split_csv(line, where).front(), "class", where) != 0) return false;
        } catch (const Error&) {
            return false;  // for the reader of the rows to say
        }
    }
    return true;
}

std::map<std::int64_t, std::int64_t> read_subjects(const fs::path& file, const Report& report) {
    std::map<std::int64_t, std::int64_t> subject_of_video;
    read_table(file, {"video_id", "subject_id"}, report, [&](auto field, const std::string& where) {
        subject_of_video[parse_video(field("video_id"), where)] =
            subject_of(field("subject_id"), where);
    });
    return subject_of_video;
}

}  // namespace mdn
