#include "data/keypoints/person.h"

#include <algorithm>

#include "tests/data/temporary_dataset.h"

namespace mdn::test {

namespace {

/// Two or three joints far from anybody, as OpenPose lists them before the real person.
Pose ghost(double x, double y) {
    Pose pose;
    pose[left_knee] = {x, y, 0.4};
    pose[left_ankle] = {x + 5, y + 40, 0.3};
    pose[left_heel] = {x + 7, y + 44, 0.2};
    return pose;
}

/// The joints of a figure for which `keep` holds.
template <class Keep>
Pose part_of(Pose pose, Keep keep) {
    for (std::int64_t j = 0; j < body25_joints; ++j) {
        if (!keep(j)) pose[j] = {};
    }
    return pose;
}

bool is(const std::optional<Pose>& chosen, const Pose& expected) {
    return chosen && std::equal(chosen->begin(), chosen->end(), expected.begin(),
                                [](const Joint& a, const Joint& b) {
                                    return a.x == b.x && a.y == b.y && a.confidence == b.confidence;
                                });
}

/// A person who drifts a little from frame to frame.
Pose person_at(std::int64_t t, double x) {
    return standing_figure(x + 2.0 * static_cast<double>(t), 80, 300);
}

}  // namespace

TEST_SUITE("data/keypoints/person") {
    TEST_CASE("a ghost listed first loses, even where it is alone") {
        std::vector<std::vector<Pose>> people;
        for (std::int64_t t = 0; t < 6; ++t) people.push_back({ghost(20, 20), person_at(t, 400)});
        people[0] = {ghost(20, 20)};
        people[3] = {ghost(25, 21)};
        const auto chosen = choose_person(people);
        REQUIRE(chosen.size() == 6);
        for (std::int64_t t = 0; t < 6; ++t) {
            CAPTURE(t);
            if (t == 0 || t == 3) {
                CHECK_FALSE(chosen[t]);
            } else {
                CHECK(is(chosen[t], people[t][1]));
            }
        }
    }

    TEST_CASE("people who swap places in the list do not swap identity") {
        std::vector<std::vector<Pose>> people;
        std::vector<Pose> main_person;
        for (std::int64_t t = 0; t < 12; ++t) {
            const Pose main = person_at(t, 200);
            Pose other = person_at(t, 500);
            other[right_knee] = other[right_ankle] = {};
            // One frame sees the other better: a greedy choice per frame would go there.
            Pose seen = t == 5 ? part_of(main, [](std::int64_t j) { return j < 9; }) : main;
            main_person.push_back(seen);
            people.push_back(t % 3 == 0 ? std::vector{other, seen} : std::vector{seen, other});
        }
        const auto chosen = choose_person(people);
        for (std::int64_t t = 0; t < 12; ++t) {
            CAPTURE(t);
            CHECK(is(chosen[t], main_person[t]));
        }
    }

    TEST_CASE("a frame with only somebody else is left out") {
        std::vector<std::vector<Pose>> people;
        for (std::int64_t t = 0; t < 8; ++t) people.push_back({person_at(t, 200)});
        people[4] = {person_at(4, 600)};
        const auto chosen = choose_person(people);
        CHECK_FALSE(chosen[4]);
        CHECK(is(chosen[3], people[3][0]));
        CHECK(is(chosen[5], people[5][0]));
    }

    TEST_CASE("of a person split in two the better supported part is taken") {
        std::vector<std::vector<Pose>> people;
        for (std::int64_t t = 0; t < 5; ++t) people.push_back({person_at(t, 300)});
        const Pose whole = person_at(2, 300);
        const auto is_leg = [](std::int64_t j) { return j >= 9 && j <= 14; };
        const Pose legs = part_of(whole, is_leg);
        const Pose rest = part_of(whole, [&](std::int64_t j) { return !is_leg(j); });
        people[2] = {legs, rest};
        CHECK(is(choose_person(people)[2], rest));
    }

    TEST_CASE("a long gap does not lose the person, and a cut is followed") {
        std::vector<std::vector<Pose>> people(80);
        for (std::int64_t t = 0; t < 5; ++t) people[t] = {person_at(t, 200)};
        for (std::int64_t t = 70; t < 80; ++t) people[t] = {ghost(10, 10), person_at(t, 900)};
        const auto chosen = choose_person(people);
        CHECK(is(chosen[4], people[4][0]));
        CHECK_FALSE(chosen[40]);
        CHECK(is(chosen[79], people[79][1]));
    }

    TEST_CASE("a crowd, however large, does not hide the person or take for ever") {
        std::vector<std::vector<Pose>> people;
        for (std::int64_t t = 0; t < 6; ++t) {
            people.emplace_back(20'000, ghost(10 + static_cast<double>(t), 20));
            people[t][15'000] = person_at(t, 300);
        }
        const auto chosen = choose_person(people);
        for (std::int64_t t = 0; t < 6; ++t) CHECK(is(chosen[t], people[t][15'000]));
    }

    TEST_CASE("nobody, and people without a joint") {
        CHECK(choose_person({}).empty());
        const auto chosen = choose_person({{}, {Pose{}}, {Pose{}, Pose{}}});
        REQUIRE(chosen.size() == 3);
        for (const auto& pose : chosen) CHECK_FALSE(pose);
        // One joint alone is a person when there is no other.
        Pose point;
        point[nose] = {5, 5, 0.5};
        CHECK(is(choose_person({{}, {point}})[1], point));
    }
}

}  // namespace mdn::test
