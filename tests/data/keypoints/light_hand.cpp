#include "data/keypoints/light_hand.h"

#include <thread>

#include "data/keypoints/keypoints.h"
#include "engine/random.h"
#include "tests/data/temporary_dataset.h"

namespace mdn::test {

namespace {

/// Column c of row r: numbers of which no two in a row or column are alike.
double cell(std::int64_t r, std::int64_t c) {
    return c % 3 == 2 ? 0.1 + static_cast<double>((r + c) % 89) / 100
                      : static_cast<double>(r) + static_cast<double>(c) / 8;
}

std::string row_text(std::int64_t r) {
    std::string text = std::to_string(r);
    for (std::int64_t c = 0; c < 105; ++c) text.append(",").append(std::to_string(cell(r, c)));
    return text;
}

std::string table(std::int64_t rows, const std::string& header = "",
                  const std::string& line_end = "\n") {
    std::string text = header;
    for (std::int64_t r = 0; r < rows; ++r) text += row_text(r) + line_end;
    return text;
}

struct Table : TemporaryFolder {
    ClipFiles clip{.name = "c", .frames = {}, .keypoints = *this / "0001_light_hand.csv"};

    explicit Table(const std::string& text) { write(clip.keypoints, text); }

    ClipFiles part(std::int64_t first, std::int64_t count) const {
        ClipFiles files = clip;
        files.first = first;
        files.count = count;
        return files;
    }
};

void check_rows(const Table& file, std::int64_t first, std::int64_t count, double scale = 1) {
    const auto people = read_people(file.part(first, count));
    REQUIRE(std::ssize(people) == count);
    for (std::int64_t t = 0; t < count; ++t) {
        REQUIRE(people[t].size() == 1);
        for (std::int64_t j = 0; j < body25_joints; ++j) {
            const Joint& joint = people[t][0][j];
            CHECK(joint.x == doctest::Approx(scale * cell(first + t, 3 * j)).epsilon(1e-6));
            CHECK(joint.y == doctest::Approx(scale * cell(first + t, 3 * j + 1)).epsilon(1e-6));
            CHECK(joint.confidence == doctest::Approx(cell(first + t, 3 * j + 2)).epsilon(1e-6));
        }
    }
}

std::string numbered_header() {
    std::string text = "0";
    for (int c = 1; c <= 105; ++c) text.append(",").append(std::to_string(c));
    return text + "\n";
}

}  // namespace

TEST_SUITE("data/keypoints/light_hand") {
    TEST_CASE("row r is frame r, with and without a header row, under any line end") {
        std::string names = ",nose_x";
        for (int c = 2; c <= 105; ++c) names.append(",c").append(std::to_string(c));
        for (const std::string& header : {std::string(), names + "\n", numbered_header(),
                                          "\"\"," + numbered_header().substr(2)}) {
            CAPTURE(header);
            const Table file(table(70, header));
            CHECK(light_hand_rows(file.clip.keypoints) == 70);
            check_rows(file, 0, 2);
            check_rows(file, 31, 3);
            check_rows(file, 69, 1);
        }
        const Table windows(table(40, names + "\r\n", "\r\n") + "\r\n\r\n");
        CHECK(light_hand_rows(windows.clip.keypoints) == 40);
        check_rows(windows, 33, 7);
        std::string open_ended = table(3);
        open_ended.pop_back();
        const Table file(open_ended);
        CHECK(light_hand_rows(file.clip.keypoints) == 3);
        check_rows(file, 0, 3);
    }

    TEST_CASE("a file of many pieces, and one that was written anew") {
        const Table file(table(2500));  // beyond the piece that is read at a time
        CHECK(std::filesystem::file_size(file.clip.keypoints) > (std::uintmax_t{1} << 21));
        Random random(5);
        for (int i = 0; i < 20; ++i) check_rows(file, random.below(2490), 1 + random.below(10));
        write(file.clip.keypoints, table(7));
        CHECK(light_hand_rows(file.clip.keypoints) == 7);
        check_rows(file, 2, 5);
    }

    TEST_CASE("several threads read one file") {
        const Table file(table(300));
        std::vector<std::thread> threads;
        std::vector<std::size_t> read(4);
        for (std::size_t i = 0; i < read.size(); ++i)
            threads.emplace_back([&, i] {
                for (std::int64_t first = 0; first < 290; first += 7)
                    read[i] += read_light_hand(file.part(first, 10)).size();
            });
        for (std::thread& thread : threads) thread.join();
        CHECK(read == std::vector<std::size_t>(4, 420));
    }

    TEST_CASE("a first row with empty fields is no header") {
        // As it is, with a byte-order mark, with nobody in it, and of a single field.
        const auto with_first = [](const std::string& first) {
            return first + "\n" + table(40).substr(row_text(0).size() + 1);
        };
        std::string gap = row_text(0);
        gap.erase(2, gap.find(',', 2) - 2);
        for (const std::string& first :
             {gap, "\xEF\xBB\xBF" + row_text(0), "0" + std::string(105, ','),
              "0,nan" + row_text(0).substr(row_text(0).find(',', 2))}) {
            CAPTURE(first);
            const Table file(with_first(first));
            CHECK(light_hand_rows(file.clip.keypoints) == 40);
            check_rows(file, 1, 39);
        }
        const Table file(with_first("0"));
        CHECK(contains(error_of([&] { read_light_hand(file.part(0, 1)); }),
                       {"light_hand.csv:1", "1 columns"}));
    }

    TEST_CASE("an empty field or nan is a missing joint") {
        Random random(8);
        for (const char* nothing : {"", "nan", "NaN", "-nan", " "}) {
            CAPTURE(nothing);
            const std::int64_t column = random.below(75);
            std::string text = "7";
            for (std::int64_t c = 0; c < 105; ++c)
                text.append(",").append(c == column ? nothing : std::to_string(cell(7, c)));
            const Table file(text + "\n");
            const auto people = read_light_hand(file.part(0, 1));
            REQUIRE(people[0].size() == 1);
            for (std::int64_t j = 0; j < body25_joints; ++j) {
                CAPTURE(j);
                CHECK(people[0][0][j].valid() == (j != column / 3));
                CHECK((people[0][0][j].confidence == 0) == (j == column / 3));
            }
        }
    }

    TEST_CASE("the index grows by 1 from row to row") {
        const auto error = [](const std::string& text) {
            const Table file(text);
            return error_of([&] { light_hand_rows(file.clip.keypoints); });
        };
        std::string lost = table(6000);  // over several of the pieces that are read
        const std::size_t at = lost.find("\n4321,") + 1;
        lost.erase(at, lost.find('\n', at) + 1 - at);
        CHECK(contains(error(lost), {"light_hand.csv:4322", "index 4322", "line 4321"}));
        CHECK(contains(error(numbered_header() + table(3) + "\n" + row_text(2) + "\n"),
                       {"light_hand.csv:6", "index 2", "line 4", "doubled"}));
        CHECK(contains(error(table(3) + "x" + row_text(3)), {"light_hand.csv:4", "'x3'"}));
        CHECK(contains(error(table(3) + row_text(3).substr(1)), {"light_hand.csv:4", "''"}));
        CHECK(contains(error(table(3) + "2.5" + row_text(3)), {"light_hand.csv:4", "'2.53'"}));
        CHECK(contains(error(std::string(100, '1') + "x"), {"light_hand.csv:1", "whole number"}));
        const Table file(row_text(7) + "\r\n8.0" + row_text(8).substr(1));  // begins anywhere
        CHECK(light_hand_rows(file.clip.keypoints) == 2);
        // The same in every row is no numbering, and so must be every row's.
        const Table none(row_text(0) + "\n" + row_text(0) + "\n" + row_text(0) + "\n");
        CHECK(light_hand_rows(none.clip.keypoints) == 3);
        CHECK(contains(error(row_text(0) + "\n" + row_text(0) + "\n" + row_text(1) + "\n"),
                       {"light_hand.csv:3", "index 1"}));
    }

    TEST_CASE("a row without confidence is a frame without anybody") {
        std::string nobody = "1";
        for (int c = 0; c < 105; ++c) nobody += c < 75 ? ",0.0" : ",3.5";  // finger tips only
        const Table file(row_text(0) + "\n" + nobody + "\n");
        const auto people = read_light_hand(file.part(0, 2));
        CHECK(people[0].size() == 1);
        CHECK(people[1].empty());
    }

    TEST_CASE("coordinates follow the size at which frames were extracted") {
        Table file(table(3));
        file.clip.frames = file / "frames";
        write(file / "frames/extracted.txt",
              "video=0001.mp4\nvideo_width=1280\nvideo_height=720\nwidth=455\nheight=256\n");
        check_rows(file, 0, 3, 256.0 / 720);
        write(file / "frames/extracted.txt", "video_width=1280\nvideo_height=720\nwidth=455\n");
        CHECK(contains(error_of([&] { read_light_hand(file.part(0, 1)); }),
                       {"extracted.txt", "height"}));
        write(file / "frames/extracted.txt", "video_width=wide\n");
        CHECK(contains(error_of([&] { read_light_hand(file.part(0, 1)); }),
                       {"extracted.txt:1", "'wide'"}));
    }

    TEST_CASE("rows that are wrong name the file and the line") {
        const auto error = [](const std::string& text, std::int64_t first, std::int64_t count) {
            const Table file(text);
            return error_of([&] { read_light_hand(file.part(first, count)); });
        };
        const auto with = [](const std::string& field) {
            std::string text = row_text(1);
            return table(1) + "\n" + text.substr(0, text.rfind(',') + 1) + field + "\n";
        };
        CHECK(contains(error(with("inf"), 0, 2), {"light_hand.csv:3", "column 106", "'inf'"}));
        CHECK(contains(error(with("1e999"), 0, 2), {"light_hand.csv:3", "'1e999'"}));
        CHECK(contains(error(with("x"), 1, 1), {"light_hand.csv:3", "'x'"}));
        CHECK(contains(error(with("1,2"), 0, 2), {"light_hand.csv:3", "107 columns"}));
        CHECK(contains(error(numbered_header() + table(2) + "2,2\n", 0, 3),
                       {"light_hand.csv:4", "2 columns", "106"}));
        CHECK(contains(error(table(5), 3, 3), {"light_hand.csv has 5 rows", "'c'", "frame 6"}));
        CHECK(contains(error("", 0, 1), {"light_hand.csv", "no rows"}));
        CHECK(contains(error(numbered_header(), 0, 1), {"light_hand.csv", "no rows"}));
        const Table file(table(1));
        std::filesystem::remove(file.clip.keypoints);
        CHECK(contains(error_of([&] { read_light_hand(file.part(0, 1)); }),
                       {"missing keypoint file", "light_hand.csv"}));
    }
}

}  // namespace mdn::test
