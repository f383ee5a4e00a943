#include "data/keypoints/formats/skeleton_pickle.h"

#include <algorithm>
#include <map>
#include <set>

#include "data/formats/list_file.h"
#include "data/keypoints/formats/pickled_array.h"
#include "engine/error.h"
#include "engine/files/byte_source.h"
#include "engine/files/torch/pickle.h"

namespace mdn {

namespace fs = std::filesystem;

namespace {

using Kind = PickleValue::Kind;

/// For what a pickle describes: its texts, and 16 bytes a value.
std::int64_t budget(std::int64_t bytes) { return (4 << 20) + 2 * bytes; }

struct File {
    std::shared_ptr<const ByteSource> source;
    std::unique_ptr<Pickle> pickle;

    const Pickle& values() const { return *pickle; }
    /// Null where a dict has no such key.
    const PickleValue* find(PickleValue dict, const char* key) const {
        if (!dict.is(Kind::dict)) return nullptr;
        const auto& items = pickle->items(dict);
        for (std::size_t i = 0; i + 1 < items.size(); i += 2)
            if (items[i].is(Kind::text) && pickle->text(items[i]) == key) return &items[i + 1];
        return nullptr;
    }
    std::optional<std::int64_t> integer(PickleValue dict, const char* key) const {
        const PickleValue* value = find(dict, key);
        return value ? pickled_integer(*pickle, *source, *value) : std::nullopt;
    }
    /// "`keypoint`, `label`, …": what a dict has, for messages.
    std::string keys(PickleValue dict) const {
        std::string text;
        const auto& items = pickle->items(dict);
        for (std::size_t i = 0; i + 1 < items.size() && i < 24; i += 2)
            text.append(text.empty() ? "`" : ", `")
                .append(pickle->text(items[i]).substr(0, 40))
                .append("`");
        return text.empty() ? "nothing" : text;
    }
};

class SkeletonPickles final : public KeypointSource {
  public:
    SkeletonPickles(const std::vector<fs::path>& files, PersonBuilder& builder)
        : builder_(builder) {
        for (const fs::path& file : files) open(file);
        if (clips_.empty()) throw Error(files.front().string() + " holds no annotation");
    }

    std::string format() const override {
        return bare_ ? "MMAction2's skeleton pickles: an annotation in each file"
                     : "MMAction2's and PYSKL's skeleton pickle: annotations with keypoint and "
                       "keypoint_score";
    }
    std::string numbering() const override { return "the place in the arrays"; }
    std::size_t count() const override { return clips_.size(); }
    const FoundSplits* splits() const override { return splits_.empty() ? nullptr : &splits_; }

    FoundClip read(std::size_t i) override {
        const Place& place = clips_[i];
        const File& file = files_[place.file];
        FoundClip clip;
        clip.name = place.name;
        clip.first = 0;
        clip.label = file.integer(place.annotation, "label");
        const std::string where = file.source->name() + ": clip '" + clip.name + "'";
        const auto picture = picture_of(file, place.annotation);
        read_frames(file, place.annotation, where, clip);
        for (FoundFrame& frame : clip.frames) frame.picture = picture;
        return clip;
    }

  private:
    struct Place {
        std::string name;
        std::size_t file;
        PickleValue annotation;
    };

    void open(const fs::path& path) {
        File file{open_file(path.string()), nullptr};
        ByteReader reader(*file.source, 0, file.source->size());
        file.pickle = std::make_unique<Pickle>(reader, path.string(), budget(file.source->size()),
                                               PickleKeep::all);
        files_.push_back(std::move(file));
        const File& kept = files_.back();
        const PickleValue root = kept.values().root();
        if (const PickleValue* annotations = kept.find(root, "annotations")) {
            add_all(*annotations);
            if (const PickleValue* splits = kept.find(root, "split")) add_splits(*splits);
        } else if (root.is(Kind::list)) {
            add_all(root);
        } else if (kept.find(root, "keypoint")) {
            bare_ = true;
            add(root, path.stem().string());
        } else if (root.is(Kind::dict)) {
            throw Error(path.string() + " is a pickle of a dict with " + kept.keys(root) +
                            ": no skeleton annotations",
                        "these have `annotations`, or `keypoint`");
        } else {
            throw Error(path.string() + " is a pickle, but not of skeleton annotations",
                        "these are a dict with `annotations`, or a list of dicts with `keypoint`");
        }
    }

    void add_all(PickleValue annotations) {
        const File& file = files_.back();
        if (!annotations.is(Kind::list))
            throw Error(file.source->name() + ": `annotations` is not a list");
        for (const PickleValue annotation : file.values().items(annotations)) {
            if (!annotation.is(Kind::dict))
                throw Error(file.source->name() + ": annotation " + std::to_string(clips_.size()) +
                            " is not a dict");
            add(annotation, "");
        }
    }

    void add(PickleValue annotation, const std::string& otherwise) {
        const File& file = files_.back();
        const PickleValue* name = file.find(annotation, "frame_dir");
        if (!name) name = file.find(annotation, "filename");
        Place place{name ? file.values().text(*name) : otherwise, files_.size() - 1, annotation};
        const std::string where =
            file.source->name() + ": annotation " + std::to_string(clips_.size());
        if (place.name.empty())
            throw Error(where + " has no `frame_dir`; it has " + file.keys(annotation));
        check_name(place.name, where);
        if (!names_.insert(place.name).second)
            throw Error(where + ": clip '" + place.name + "' is there twice");
        clips_.push_back(std::move(place));
    }

    void add_splits(PickleValue splits) {
        const File& file = files_.back();
        const auto& items = file.values().items(splits);
        for (std::size_t i = 0; splits.is(Kind::dict) && i + 1 < items.size(); i += 2) {
            std::vector<std::string>& names = splits_[file.values().text(items[i])];
            for (const PickleValue name : file.values().items(items[i + 1]))
                names.push_back(file.values().text(name));
        }
    }

    /// (height, width).
    static std::optional<FrameSize> picture_of(const File& file, PickleValue annotation) {
        const PickleValue* shape = file.find(annotation, "img_shape");
        if (!shape) shape = file.find(annotation, "original_shape");
        if (!shape) return std::nullopt;
        const auto& sides = file.values().items(*shape);
        if (sides.size() < 2) return std::nullopt;
        const auto height = pickled_integer(file.values(), *file.source, sides[0]);
        const auto width = pickled_integer(file.values(), *file.source, sides[1]);
        const auto is_side = [](const auto& side) {
            return side && *side > 0 && *side <= 1'000'000;
        };
        if (!is_side(height) || !is_side(width)) return std::nullopt;
        return FrameSize{*width, *height};
    }

    struct Array {
        std::vector<std::int64_t> shape;
        std::vector<double> numbers;
    };

    std::optional<Array> array(const File& file, PickleValue annotation, const char* key,
                               const std::string& where) const {
        const PickleValue* value = file.find(annotation, key);
        if (!value) return std::nullopt;
        const std::string what = where + ": `" + key + "`";
        const auto found = pickled_array(file.values(), *value, what);
        if (!found) throw Error(what + " is no NumPy array");
        return Array{found->shape, read_array(file.values(), *file.source, *found, what)};
    }

    static std::string to_text(const std::vector<std::int64_t>& shape) {
        std::string text = "[";
        for (const std::int64_t side : shape)
            text.append(text.size() > 1 ? ", " : "").append(std::to_string(side));
        return text + "]";
    }

    void read_frames(const File& file, PickleValue annotation, const std::string& where,
                     FoundClip& clip) {
        const auto joints = array(file, annotation, "keypoint", where);
        if (!joints) {
            if (file.find(annotation, "raw_file"))
                throw Error(where + " has no `keypoint`: `raw_file` names another file that has it",
                            "PYSKL keeps Kinetics' keypoints in such files; merge them first");
            throw Error(where + " has no `keypoint`; it has " + file.keys(annotation));
        }
        const auto frames = array(file, annotation, "frame_inds", where);
        const std::vector<std::int64_t>& shape = joints->shape;
        const bool compressed = frames && shape.size() == 3;
        if (!compressed && (shape.size() != 4 || shape[3] < 2 || shape[3] > 3))
            throw Error(where + ": `keypoint` has shape " + to_text(shape) +
                        " instead of [people, frames, joints, 2]");
        const auto scores = array(file, annotation, "keypoint_score", where);
        if (!compressed && shape[3] == 3)
            throw Error(
                where + ": `keypoint` has shape " + to_text(shape) + ": a pose in 3-D",
                "boxes in pictures need poses in 2-D: ntu60_hrnet.pkl, not ntu60_3danno.pkl");
        if (compressed && shape[2] != 3)
            throw Error(where + ": compressed `keypoint` has shape " + to_text(shape) +
                        " instead of [skeletons, joints, 3]");
        const std::vector<std::int64_t> of_scores(shape.begin(), shape.end() - 1);
        if (scores && scores->shape != of_scores)
            throw Error(where + ": `keypoint_score` has shape " + to_text(scores->shape) +
                        " instead of " + to_text(of_scores));
        const auto total = file.integer(annotation, "total_frames");
        if (compressed) return decompress(*joints, *frames, total, where, clip);
        if (total && *total > shape[1])
            throw Error(where + ": `total_frames` is " + std::to_string(*total) +
                        ", but `keypoint` has " + std::to_string(shape[1]) + " frames");
        clip.length = checked_length(total.value_or(shape[1]), where);
        std::vector<double> triples;
        for (std::int64_t t = 0; t < *clip.length; ++t) {
            FoundFrame frame{.number = t};
            for (std::int64_t person = 0; person < shape[0]; ++person) {
                const std::int64_t first = (person * shape[1] + t) * shape[2];
                triples.clear();
                for (std::int64_t j = first; j < first + shape[2]; ++j)
                    triples.insert(triples.end(),
                                   {joints->numbers[2 * j], joints->numbers[2 * j + 1],
                                    scores ? scores->numbers[j] : 1.0});
                add_person(
                    triples, [&] { return where + ": frame " + std::to_string(t); },
                    scores ? Confidences::given : Confidences::none, frame.people);
            }
            if (!frame.people.empty()) clip.frames.push_back(std::move(frame));
        }
    }

    void decompress(const Array& joints, const Array& frames, std::optional<std::int64_t> total,
                    const std::string& where, FoundClip& clip) {
        if (std::ssize(frames.numbers) != joints.shape[0])
            throw Error(where + ": `frame_inds` has " + std::to_string(frames.numbers.size()) +
                        " numbers for " + std::to_string(joints.shape[0]) + " skeletons");
        if (!total) throw Error(where + " has `frame_inds`, but no `total_frames`");
        clip.length = checked_length(*total, where);
        const std::size_t numbers = static_cast<std::size_t>(3 * joints.shape[1]);
        std::map<std::int64_t, FoundFrame> by_number;
        for (std::size_t i = 0; i < frames.numbers.size(); ++i) {
            const double number = frames.numbers[i];
            if (!(number >= 0 && number < static_cast<double>(*total)))
                throw Error(where + ": `frame_inds` names a frame outside 0.." +
                            std::to_string(*total - 1));
            FoundFrame& frame = by_number[static_cast<std::int64_t>(number)];
            frame.number = static_cast<std::int64_t>(number);
            add_person(
                std::span(joints.numbers).subspan(i * numbers, numbers),
                [&] { return where + ": skeleton " + std::to_string(i); }, Confidences::given,
                frame.people);
        }
        for (auto& [number, frame] : by_number) clip.frames.push_back(std::move(frame));
    }

    static std::int64_t checked_length(std::int64_t frames, const std::string& where) {
        if (frames < 1 || frames > 1'000'000)
            throw Error(where + " has " + std::to_string(frames) + " frames");
        return frames;
    }

    /// Arrays have room for as many people in every frame; where there are fewer, it holds zeros.
    template <class Where>
    void add_person(std::span<const double> triples, Where where, Confidences confidences,
                    std::vector<Pose>& people) {
        bool placed = false;
        for (std::size_t i = 0; i + 2 < triples.size(); i += 3)
            placed |= triples[i] != 0 || triples[i + 1] != 0;
        if (placed)
            people.push_back(builder_.build(
                triples, [&] { return where() + ": `keypoint`"; }, confidences));
    }

    PersonBuilder& builder_;
    std::vector<File> files_;
    std::vector<Place> clips_;
    std::set<std::string> names_;
    FoundSplits splits_;
    bool bare_ = false;
};

}  // namespace

bool is_pickle(std::string_view first_bytes) {
    return first_bytes.size() > 2 && first_bytes[0] == '\x80' && first_bytes[1] >= 2 &&
           first_bytes[1] <= 5;
}

std::unique_ptr<KeypointSource> open_skeleton_pickles(const std::vector<fs::path>& files,
                                                      PersonBuilder& builder) {
    return std::make_unique<SkeletonPickles>(files, builder);
}

}  // namespace mdn
