#include "docs/lessons/harness/lesson.h"

#include <cstdio>
#include <fstream>

#include "engine/error.h"

namespace mdn::lesson {

namespace {

[[noreturn]] void fail(const std::filesystem::path& file, int line, const std::string& what) {
    throw Error(file.string() + ":" + std::to_string(line) + ": " + what);
}

std::ifstream open(const std::filesystem::path& file) {
    std::ifstream stream(file);
    if (!stream)
        throw Error("cannot read " + file.string(), "A lesson has check.cpp and hints.md.");
    return stream;
}

}  // namespace

Lesson read_lesson(const std::filesystem::path& folder) {
    Lesson lesson{folder, folder.filename().string(), {}};
    const auto checks = folder / "check.cpp", hints = folder / "hints.md";
    std::string text;
    int line = 0;
    for (std::ifstream stream = open(checks); std::getline(stream, text);) {
        ++line;
        if (text.rfind("TASK(", 0) != 0) continue;
        Task task{0, std::string(100, '\0'), 0, {}};
        if (std::sscanf(text.c_str(), "TASK(%d, \"%99[^\"]\", %d)", &task.number, task.name.data(),
                        &task.points) != 3)
            fail(checks, line, "a task is written: TASK(NUMBER, \"NAME\", POINTS) {");
        task.name.resize(task.name.find('\0'));
        if (task.number != static_cast<int>(lesson.tasks.size()) + 1)
            fail(checks, line, "tasks are numbered 1, 2, 3, …");
        lesson.tasks.push_back(std::move(task));
    }
    if (lesson.tasks.empty()) fail(checks, line, "no line begins with TASK(");

    Task* task = nullptr;
    line = 0;
    for (std::ifstream stream = open(hints); std::getline(stream, text);) {
        ++line;
        if (text.rfind("## ", 0) == 0) {
            int number = 0;
            if (std::sscanf(text.c_str(), "## Task %d", &number) != 1 || number < 1 ||
                number > static_cast<int>(lesson.tasks.size()))
                fail(hints, line, "check.cpp has no such task");
            task = &lesson.tasks[number - 1];
        } else if (task != nullptr && (!task->hint.empty() || !text.empty())) {
            task->hint.append(text).append("\n");
        }
    }
    for (Task& each : lesson.tasks) {
        if (each.hint.empty()) fail(hints, line, "no hint for task " + std::to_string(each.number));
        while (each.hint.ends_with("\n\n")) each.hint.pop_back();
    }
    return lesson;
}

int LessonResult::passed() const {
    int count = 0;
    for (const TaskResult& task : tasks) count += task.outcome == Outcome::pass;
    return count;
}

int LessonResult::points() const {
    int sum = 0;
    for (size_t i = 0; i < tasks.size(); ++i)
        if (tasks[i].outcome == Outcome::pass) sum += lesson.tasks[i].points;
    return sum;
}

int LessonResult::all_points() const {
    int sum = 0;
    for (const Task& task : lesson.tasks) sum += task.points;
    return sum;
}

std::string to_string(Outcome outcome) {
    switch (outcome) {
        case Outcome::pass:
            return "pass";
        case Outcome::wrong:
            return "wrong";
        case Outcome::not_done:
            return "not done yet";
        case Outcome::broken:
            return "broken";
    }
    return "?";
}

}  // namespace mdn::lesson
