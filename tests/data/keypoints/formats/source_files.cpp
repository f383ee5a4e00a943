#include "tests/data/keypoints/formats/source_files.h"

namespace mdn::test {

namespace {

std::string joined(const std::vector<double>& numbers) {
    std::string text;
    for (const double number : numbers)
        text.append(text.empty() ? "" : ",").append(std::to_string(number));
    return text;
}

}  // namespace

std::vector<double> ListedJoints::triples() const {
    std::vector<double> numbers;
    for (std::size_t i = 0; i < skeleton.size(); ++i)
        numbers.insert(numbers.end(), {x(i), y(i), confidence(i)});
    return numbers;
}

std::string ListedJoints::flat() const { return joined(triples()); }

std::string ListedJoints::pairs() const {
    std::string text;
    for (std::size_t i = 0; i < skeleton.size(); ++i)
        text.append(i ? ",[" : "[").append(joined({x(i), y(i)})).append("]");
    return text;
}

std::string ListedJoints::scores() const {
    std::vector<double> numbers;
    for (std::size_t i = 0; i < skeleton.size(); ++i) numbers.push_back(confidence(i));
    return joined(numbers);
}

Pose ListedJoints::pose() const { return body25_pose(triples(), skeleton); }

const Skeleton& skeleton_named(std::string_view option) {
    for (const Skeleton& skeleton : skeletons())
        if (skeleton.option == option) return skeleton;
    throw Error("no skeleton " + std::string(option));
}

std::vector<FoundClip> read_all(KeypointSource& source) {
    std::vector<FoundClip> clips;
    for (std::size_t i = 0; i < source.count(); ++i) clips.push_back(source.read(i));
    return clips;
}

ReadSource::ReadSource(const std::filesystem::path& path, const Skeleton* layout)
    : builder(layout),
      opened(open_keypoint_source({.source = path, .clip = ""}, builder)),
      clips(read_all(*opened.source)) {}

void check_same(const Pose& got, const Pose& expected) {
    for (std::size_t j = 0; j < got.size(); ++j) {
        CAPTURE(j);
        CHECK(got[j].x == doctest::Approx(expected[j].x).epsilon(1e-4));
        CHECK(got[j].y == doctest::Approx(expected[j].y).epsilon(1e-4));
        CHECK(got[j].confidence == doctest::Approx(expected[j].confidence).epsilon(1e-3));
    }
}

}  // namespace mdn::test
