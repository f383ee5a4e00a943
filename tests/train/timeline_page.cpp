#include "train/timeline_page.h"

#include <doctest/doctest.h>
#include <algorithm>

#include "engine/random.h"
#include "tests/data/temporary_dataset.h"

using namespace mdn;
using namespace mdn::test;

namespace {

using Json = nlohmann::ordered_json;

/// A row of a window of 4 frames that begins at frame 2i+1.
TimelineRow row_of(int64_t i, int64_t action, double probability, int64_t classes = 3) {
    TimelineRow row{.first_frame = 2 * i + 1,
                    .last_frame = 2 * i + 4,
                    .person_visible = i % 5 != 4,
                    .action = action,
                    .probability = probability,
                    .alpha_st = {0.25, 0.75},
                    .probabilities = std::vector<double>(
                        classes, (1 - probability) / static_cast<double>(classes - 1))};
    row.probabilities[action] = probability;
    return row;
}

TimelinePageOptions options_of(int64_t windows) {
    return {.recording = "day",
            .weights = "w.safetensors",
            .names = {"nod", "wave", "</script>"},
            .entities = {"face", "left_hand"},
            .frames = 2 * windows + 2,
            .windows = windows,
            .window = 4,
            .stride = 2,
            .explain_command = "microdualnet explain day",
            .explain_stem = "day_window_"};
}

}  // namespace

TEST_SUITE("train/timeline_page") {
    TEST_CASE("cells are the rows, runs are neighbours with the same action") {
        TimelinePage page(options_of(7));
        const int64_t actions[] = {0, 0, 1, 1, 1, 0, 2};
        const double sure[] = {0.5, 0.75, 0.5, 0.625, 0.5, 0.875, 0.5};
        for (int64_t i = 0; i < 7; ++i) page.add(row_of(i, actions[i], sure[i]));
        const Json data = page.data();
        REQUIRE(data["cells"].size() == 7);
        CHECK(data["cells"][3] ==
              Json({7, 10, true, {{1, 0.625}, {0, 0.188}, {2, 0.188}}, {0.25, 0.75}}));
        CHECK(data["cells"][4][2] == false);
        CHECK(data["cells_without_person"] == 1);
        CHECK(data["names"]["1"] == "wave");
        CHECK(data["windows_per_cell"] == 1);
        CHECK(data["runs_in_all"] == 4);
        // The last number: in how many of the windows nobody is visible.
        CHECK(data["runs"] == Json({{0, 1, 6, 2, 0.625, 0.75, 3, 0},
                                    {1, 5, 12, 3, 0.542, 0.625, 7, 1},
                                    {0, 11, 14, 1, 0.875, 0.875, 11, 0},
                                    {2, 13, 16, 1, 0.5, 0.5, 13, 0}}));
        CHECK(data["views"] == 1);
        // The longest runs first, of each the surest window.
        const auto rows = page.worth_explaining(2);
        REQUIRE(rows.size() == 2);
        CHECK(rows[0].first_frame == 7);
        CHECK(rows[1].first_frame == 3);
        CHECK(page.worth_explaining(100).size() == 4);
        CHECK(page.worth_explaining(0).empty());

        page.add_link(rows[0], "day_window_7-10.html");
        CHECK(page.data()["links"].size() == 1);
        CHECK(page.data()["links"]["7"] == "day_window_7-10.html");
        const std::string html = page.html();
        CHECK(contains(html, {"Timeline of day", "\\u003c/script>", "id: \"stretches\""}));
    }

    TEST_CASE("a window in which nobody is visible is not explained, however sure it is") {
        TimelinePage page(options_of(6));
        // The longest stretch has nobody; the next one's surest window has nobody either.
        const int64_t actions[] = {2, 2, 2, 1, 1, 0};
        const double sure[] = {0.96, 0.95, 0.94, 0.5, 0.9, 0.6};
        for (int64_t i = 0; i < 6; ++i) {
            TimelineRow row = row_of(i, actions[i], sure[i]);
            row.person_visible = i == 3 || i == 5;
            page.add(row);
        }
        const Json runs = page.data()["runs"];
        REQUIRE(runs.size() == 3);
        CHECK(runs[0] == Json({2, 1, 8, 3, 0.95, 0.96, 1, 3}));
        // `highest` is of all windows, what would be explained of one that shows somebody.
        CHECK(runs[1] == Json({1, 7, 12, 2, 0.7, 0.9, 7, 1}));
        CHECK(runs[2] == Json({0, 11, 14, 1, 0.6, 0.6, 11, 0}));
        const auto rows = page.worth_explaining(10);
        REQUIRE(rows.size() == 2);
        CHECK(rows[0].first_frame == 7);
        CHECK(rows[1].first_frame == 11);
        // Those without a person do not use up what was asked for.
        CHECK(page.worth_explaining(1).at(0).first_frame == 7);
    }

    TEST_CASE("the page does not grow with the recording, and shows the surest of neighbours") {
        const int64_t windows = 50'000;
        TimelinePage page(options_of(windows));
        Random random(9);
        const int64_t per_cell = 25;
        std::vector<double> sure;
        for (int64_t i = 0; i < windows; ++i) {
            sure.push_back(random.uniform(0.4, 1));
            page.add(row_of(i, random.below(3), sure.back()));
        }
        const Json data = page.data();
        CHECK(data["windows"] == windows);
        CHECK(data["windows_per_cell"] == per_cell);
        REQUIRE(data["cells"].size() == windows / per_cell);
        for (size_t cell = 0; cell < 20; ++cell) {
            const auto begin = sure.begin() + static_cast<int64_t>(cell) * per_cell;
            const auto surest = std::max_element(begin, begin + per_cell);
            CHECK(data["cells"][cell][0] == 2 * (surest - sure.begin()) + 1);
        }
        CHECK(data["runs"].size() == TimelinePage::most_runs);
        CHECK(data["runs_in_all"].get<int64_t>() > 10 * TimelinePage::most_runs);
        // They are in order of time, and none that is left out is longer.
        int64_t shortest = windows;
        for (size_t i = 0; i < data["runs"].size(); ++i) {
            shortest = std::min(shortest, data["runs"][i][3].get<int64_t>());
            if (i > 0) CHECK(data["runs"][i][1] > data["runs"][i - 1][1]);
        }
        CHECK(shortest >= 4);
        CHECK(page.thumbnail_frames().size() == TimelinePage::most_thumbnails);
        for (int64_t i = 0; i < TimelinePage::most_thumbnails; ++i)
            page.add_thumbnail(random_image(128, 128, 3 + i));
        CHECK(page.html().size() < 1'500'000);
    }

    TEST_CASE("thumbnails lie evenly along the recording, all of a short one") {
        TimelinePage page(options_of(1));
        CHECK(page.thumbnail_frames() == std::vector<int64_t>{0, 1, 2, 3});
        page.add_thumbnail(random_image(200, 100, 5));
        page.add(row_of(0, 1, 0.5));
        const Json data = page.data();
        REQUIRE(data["thumbnails"].size() == 1);
        CHECK(data["thumbnails"][0][0] == 0);
        CHECK(data["thumbnails"][0][1].get<std::string>().starts_with("data:image/jpeg;base64,"));
    }
}
