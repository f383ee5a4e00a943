#include "data/keypoints/formats/skeleton_pickle.h"

#include <bit>
#include <cstring>

#include "engine/random.h"
#include "tests/data/keypoints/formats/source_files.h"

namespace mdn::test {

namespace {

/// Writes pickles as Python and NumPy do: the opcodes and names of one protocol and NumPy version.
struct PickleText {
    int protocol = 4;
    std::string module = "numpy._core";  // numpy.core before NumPy 2
    std::string order = "<";
    bool fortran = false;

    static std::string number32(std::uint32_t value) {
        std::string bytes(4, '\0');
        std::memcpy(bytes.data(), &value, 4);
        return bytes;
    }
    std::string text(const std::string& value) const {
        if (protocol < 4) return "X" + number32(static_cast<std::uint32_t>(value.size())) + value;
        return "\x8c" + std::string(1, static_cast<char>(value.size())) + value;
    }
    std::string integer(int value) const {
        return std::string("J") + number32(static_cast<std::uint32_t>(value));
    }
    std::string global(const std::string& from, const std::string& name) const {
        if (protocol < 4) return "c" + from + "\n" + name + "\n";
        return text(from) + text(name) + "\x93";
    }
    std::string tuple(const std::vector<std::string>& items) const {
        return "(" + joined(items) + "t";
    }
    std::string list(const std::vector<std::string>& items) const {
        return "](" + joined(items) + "e";
    }
    std::string dict(const std::vector<std::string>& keys_and_values) const {
        return "}(" + joined(keys_and_values) + "u";
    }
    std::string whole(const std::string& value) const {
        return "\x80" + std::string(1, static_cast<char>(protocol)) + value + ".";
    }

    std::string bytes(const std::string& value) const {
        if (protocol >= 3) return "B" + number32(static_cast<std::uint32_t>(value.size())) + value;
        std::string utf8;  // protocol 2 has no bytes: Python calls _codecs.encode
        for (const char c : value) {
            const auto code = static_cast<unsigned char>(c);
            if (code >= 0x80) utf8.push_back(static_cast<char>(0xc0 | code >> 6));
            utf8.push_back(static_cast<char>(code < 0x80 ? code : 0x80 | (code & 63)));
        }
        return global("_codecs", "encode") + tuple({text(utf8), text("latin1")}) + "R";
    }
    std::string type(const std::string& code) const {
        return global("numpy", "dtype") + tuple({text(code), "\x89", "\x88"}) + "R" +
               tuple(
                   {integer(3), text(order), "N", "N", "N", integer(-1), integer(-1), integer(0)}) +
               "b";
    }
    std::string shape(const std::vector<int>& sides) const {
        std::vector<std::string> items;
        for (const int side : sides) items.push_back(integer(side));
        return tuple(items);
    }
    std::string array(const std::string& code, const std::vector<int>& sides,
                      const std::string& data) const {
        if (protocol >= 5) {
            std::string length(8, '\0');
            const std::uint64_t size = data.size();
            std::memcpy(length.data(), &size, 8);
            return global(module + ".numeric", "_frombuffer") +
                   tuple({"\x96" + length + data, type(code), shape(sides),
                          text(fortran ? "F" : "C")}) +
                   "R";
        }
        return global(module + ".multiarray", "_reconstruct") +
               tuple({global("numpy", "ndarray"), tuple({integer(0)}), bytes("b")}) + "R" +
               tuple(
                   {integer(1), shape(sides), type(code), fortran ? "\x88" : "\x89", bytes(data)}) +
               "b";
    }
    std::string scalar(int value) const {
        std::string data(8, '\0');
        const std::int64_t wide = value;
        std::memcpy(data.data(), &wide, 8);
        return global(module + ".multiarray", "scalar") + tuple({type("i8"), bytes(data)}) + "R";
    }

  private:
    static std::string joined(const std::vector<std::string>& items) {
        std::string text;
        for (const std::string& item : items) text += item;
        return text;
    }
};

/// Numbers that float16 holds exactly, in the order of [people, frames, joints, 2 or 1].
struct Numbers {
    int people, frames, joints;
    std::vector<double> places, scores;

    Numbers(int people, int frames, int joints, std::uint64_t seed)
        : people(people), frames(frames), joints(joints) {
        Random random(seed);
        for (int i = 0; i < people * frames * joints; ++i) {
            for (int axis = 0; axis < 2; ++axis)
                places.push_back(static_cast<double>(1 + random.below(1000)));
            scores.push_back(static_cast<double>(103 + random.below(400)) / 512);
        }
    }
    std::size_t at(int person, int frame, int joint) const {
        return static_cast<std::size_t>((person * frames + frame) * joints + joint);
    }
    void check(const Pose& pose, int person, int frame, const Skeleton& skeleton) const {
        std::vector<double> triples;
        for (int j = 0; j < joints; ++j) {
            const std::size_t i = at(person, frame, j);
            triples.insert(triples.end(), {places[2 * i], places[2 * i + 1], scores[i]});
        }
        const Pose expected = body25_pose(triples, skeleton);
        for (std::size_t j = 0; j < body25_joints; ++j) {
            CAPTURE(j);
            CHECK(pose[j].x == expected[j].x);
            CHECK(pose[j].y == expected[j].y);
            CHECK(pose[j].confidence == expected[j].confidence);
        }
    }
};

std::uint16_t half_of(double value) {
    // Exact for the numbers above.
    const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(value));
    const int exponent = static_cast<int>(bits >> 23 & 255) - 127 + 15;
    return value == 0 ? 0 : static_cast<std::uint16_t>(exponent << 10 | (bits >> 13 & 1023));
}

template <class T>
std::string raw(const std::vector<T>& values, bool swap) {
    std::string bytes;
    for (const T value : values) {
        std::string one(sizeof value, '\0');
        std::memcpy(one.data(), &value, sizeof value);
        if (swap) one.assign(one.rbegin(), one.rend());
        bytes += one;
    }
    return bytes;
}

std::string data_of(const std::vector<double>& values, const std::string& code, bool swap) {
    if (code == "f8") return raw(values, swap);
    std::vector<float> floats(values.begin(), values.end());
    if (code == "f4") return raw(floats, swap);
    std::vector<std::uint16_t> halves;
    for (const double value : values) halves.push_back(half_of(value));
    return raw(halves, swap);
}

/// In Fortran's order, the first axis fastest.
std::vector<double> transposed(const std::vector<double>& values, const std::vector<int>& sides) {
    std::vector<double> result;
    std::vector<int> index(sides.size());
    for (std::size_t n = 0; n < values.size(); ++n) {
        std::size_t place = 0;
        for (std::size_t axis = 0; axis < sides.size(); ++axis)
            place = place * static_cast<std::size_t>(sides[axis]) +
                    static_cast<std::size_t>(index[axis]);
        result.push_back(values[place]);
        for (std::size_t axis = 0; axis < index.size() && ++index[axis] == sides[axis]; ++axis)
            index[axis] = 0;
    }
    return result;
}

std::string annotation(const PickleText& p, const std::string& name, const Numbers& numbers,
                       const std::string& code, int label, bool numpy_label = false) {
    const bool swap = p.order == ">";
    const std::vector<int> sides = {numbers.people, numbers.frames, numbers.joints, 2};
    const std::vector<int> of_scores(sides.begin(), sides.end() - 1);
    const auto ordered = [&](const std::vector<double>& values, const std::vector<int>& of) {
        return p.fortran ? transposed(values, of) : values;
    };
    return p.dict(
        {p.text("frame_dir"), p.text(name), p.text("label"),
         numpy_label ? p.scalar(label) : p.integer(label), p.text("img_shape"),
         p.tuple({p.integer(1080), p.integer(1920)}), p.text("total_frames"),
         p.integer(numbers.frames), p.text("keypoint"),
         p.array(code, sides, data_of(ordered(numbers.places, sides), code, swap)),
         p.text("keypoint_score"),
         p.array(code, of_scores, data_of(ordered(numbers.scores, of_scores), code, swap))});
}

}  // namespace

TEST_SUITE("data/keypoints/formats/skeleton_pickle") {
    TEST_CASE("every protocol, NumPy version, type and order of numbers gives the same joints") {
        TemporaryFolder folder;
        Numbers a(2, 40, 17, 1), b(1, 3, 17, 2);
        // A second person who is absent in frame 1, as zeros.
        for (int j = 0; j < 17; ++j) {
            const std::size_t i = a.at(1, 1, j);
            a.places[2 * i] = a.places[2 * i + 1] = a.scores[i] = 0;
        }
        for (const int protocol : {2, 3, 4, 5}) {
            for (const char* module : {"numpy.core", "numpy._core"}) {
                for (const char* code : {"f2", "f4", "f8"}) {
                    for (const bool other : {false, true}) {
                        CAPTURE(protocol);
                        CAPTURE(module);
                        CAPTURE(code);
                        CAPTURE(other);
                        const PickleText p{protocol, module, other ? ">" : "<", other};
                        write(folder / "set.pkl",
                              p.whole(p.dict({p.text("split"),
                                              p.dict({p.text("xsub_train"), p.list({p.text("a")}),
                                                      p.text("xsub_val"), p.list({p.text("b")})}),
                                              p.text("annotations"),
                                              p.list({annotation(p, "a", a, code, 3),
                                                      annotation(p, "b", b, code, 0, true)})})));
                        const ReadSource source(folder / "set.pkl");
                        REQUIRE(source.clips.size() == 2);
                        const FoundClip& clip = source.clips[0];
                        CHECK(clip.name == "a");
                        CHECK(clip.label == 3);
                        CHECK(clip.first == 0);
                        CHECK(clip.length == 40);
                        REQUIRE(clip.frames.size() == 40);
                        CHECK(clip.frames[0].picture->width == 1920);
                        CHECK(clip.frames[0].picture->height == 1080);
                        REQUIRE(clip.frames[39].people.size() == 2);
                        CHECK(clip.frames[1].people.size() == 1);
                        const Skeleton& coco17 = skeleton_named("coco17");
                        a.check(clip.frames[0].people[1], 1, 0, coco17);
                        a.check(clip.frames[39].people[0], 0, 39, coco17);
                        b.check(source.clips[1].frames[2].people.at(0), 0, 2, coco17);
                        CHECK(source.clips[1].label == 0);
                        const FoundSplits* splits = source.opened.source->splits();
                        REQUIRE(splits);
                        CHECK(splits->at("xsub_val") == std::vector<std::string>{"b"});
                    }
                }
            }
        }
    }

    TEST_CASE("a list of annotations, and one in each file") {
        TemporaryFolder folder;
        const Numbers numbers(1, 2, 17, 3);
        const PickleText p;
        write(folder / "list.pkl", p.whole(p.list({annotation(p, "a", numbers, "f4", 1)})));
        CHECK(ReadSource(folder / "list.pkl").clips.at(0).name == "a");
        write(folder / "many/one.pkl", p.whole(annotation(p, "c", numbers, "f4", 1)));
        write(folder / "many/two.pkl", p.whole(annotation(p, "b", numbers, "f4", 2)));
        const ReadSource many(folder / "many");
        REQUIRE(many.clips.size() == 2);
        CHECK(many.clips[1].name == "b");
        CHECK(many.opened.source->splits() == nullptr);
    }

    TEST_CASE("PYSKL's compressed form") {
        TemporaryFolder folder;
        const PickleText p;
        std::vector<double> numbers;
        for (int i = 0; i < 3 * 17 * 3; ++i) numbers.push_back(1 + i % 100);
        write(folder / "k.pkl",
              p.whole(p.list({p.dict(
                  {p.text("frame_dir"), p.text("k"), p.text("total_frames"), p.integer(6),
                   p.text("keypoint"), p.array("f2", {3, 17, 3}, data_of(numbers, "f2", false)),
                   p.text("frame_inds"),
                   p.array("i2", {3}, raw(std::vector<std::int16_t>{4, 1, 4}, false))})})));
        const ReadSource source(folder / "k.pkl");
        const FoundClip& clip = source.clips.at(0);
        CHECK(clip.length == 6);
        REQUIRE(clip.frames.size() == 2);
        CHECK(clip.frames[0].number == 1);
        CHECK(clip.frames[0].people.at(0)[nose].x == numbers[51]);
        REQUIRE(clip.frames[1].people.size() == 2);
        CHECK(clip.frames[1].people[1][left_eye].y == numbers[102 + 4]);
    }

    TEST_CASE("what is no pose in pictures is refused by clip and field") {
        TemporaryFolder folder;
        const PickleText p;
        const Numbers numbers(1, 2, 17, 4);
        const auto error = [&](const std::string& value) {
            write(folder / "x.pkl", p.whole(value));
            return error_of([&] { ReadSource source(folder / "x.pkl"); });
        };
        const auto clip = [&](std::vector<std::string> fields) {
            fields.insert(fields.begin(), {p.text("frame_dir"), p.text("a")});
            return p.list({p.dict(fields)});
        };
        const std::string flat(50, '\0');
        CHECK(contains(
            error(clip({p.text("keypoint"), p.array("f4", {1, 2, 25, 3}, std::string(600, 'a'))})),
            {"x.pkl", "clip 'a'", "`keypoint`", "[1, 2, 25, 3]", "3-D"}));
        CHECK(contains(
            error(clip({p.text("keypoint"), p.array("f4", {2, 17, 2}, std::string(272, 'a'))})),
            {"`keypoint`", "[2, 17, 2]", "[people, frames, joints, 2]"}));
        CHECK(contains(error(clip({p.text("keypoint"), p.array("f2", {1, 2, 17, 2}, flat)})),
                       {"50 bytes", "136"}));
        CHECK(contains(error(clip({p.text("keypoint"), p.array("O", {1, 2, 17, 2}, flat)})),
                       {"`keypoint`", "floats"}));
        CHECK(contains(error(clip({p.text("keypoint"), p.integer(3)})), {"no NumPy array"}));
        CHECK(contains(error(clip({p.text("raw_file"), p.text("x")})), {"`raw_file`"}));
        CHECK(contains(error(clip({p.text("label"), p.integer(3)})),
                       {"no `keypoint`", "`frame_dir`, `label`"}));
        CHECK(contains(error(p.list({annotation(p, "a", numbers, "f4", 1),
                                     annotation(p, "a", numbers, "f4", 1)})),
                       {"annotation 1", "'a'", "twice"}));
        CHECK(contains(error(p.list({annotation(p, "../a", numbers, "f4", 1)})), {"outside"}));
        CHECK(contains(error(p.dict({p.text("state_dict"), p.integer(1)})),
                       {"a dict with `state_dict`", "annotations"}));
        CHECK(contains(error(p.integer(1)), {"x.pkl", "not of skeleton annotations"}));
        write(folder / "x.pkl",
              p.whole(p.list({annotation(p, "a", numbers, "f4", 1)})).substr(0, 200));
        CHECK(contains(error_of([&] { ReadSource source(folder / "x.pkl"); }), {"x.pkl"}));
    }
}

}  // namespace mdn::test
