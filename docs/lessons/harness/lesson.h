// What a lesson's folder says of its tasks, and what came out of them for one exercise file.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "docs/lessons/harness/run_task.h"

namespace mdn::lesson {

struct Task {
    int number;
    std::string name;  // of the function to write
    int points;
    std::string hint;
};

struct Lesson {
    std::filesystem::path folder;
    std::string name;  // of the folder: 05-temporal-shift
    std::vector<Task> tasks;
};

/// Reads the tasks from the lines of check.cpp that begin with TASK(, and their hints from the
/// sections `## Task N` of hints.md. Throws Error where they do not agree, with file and line.
Lesson read_lesson(const std::filesystem::path& folder);

/// One exercise file: the result of every task of its lesson, in their order.
struct LessonResult {
    Lesson lesson;
    std::vector<TaskResult> tasks;

    int passed() const;
    int points() const;
    int all_points() const;
};

/// "pass", "wrong", "not done yet", "broken".
std::string to_string(Outcome outcome);

}  // namespace mdn::lesson
