// Runs the check programs of lessons and says what came out. `make lesson`, `make lessons` and
// `make grade` call it. It is a program apart from those that hold students' code.
//
//     runner [--hint] [--brief] [--seed N] [--junit FILE] [--gradescope FILE] [--visibility V]
//            (LESSON_FOLDER run PROGRAM | LESSON_FOLDER broken LOG)...
//
// `broken` is an exercise without a program: LOG holds the reason (the compiler's messages). Exit
// code 0 if every task passes, 1 if one does not, 2 if the lessons or the arguments are at fault.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "docs/lessons/harness/lesson.h"
#include "docs/lessons/harness/results.h"
#include "engine/error.h"

namespace mdn::lesson {

namespace {

struct Arguments {
    bool hint = false, brief = false;
    std::string seed = "1", junit, gradescope, visibility = "visible";
    struct Exercise {
        std::string folder, state, path;
    };
    std::vector<Exercise> exercises;
};

Arguments read_arguments(int argc, char** argv) {
    Arguments arguments;
    const std::vector<std::string> words(argv + 1, argv + argc);
    size_t at = 0;
    const auto next = [&] {
        if (at >= words.size()) throw Error("runner: a value is missing after the last argument");
        return words[at++];
    };
    while (at < words.size()) {
        const std::string word = next();
        if (word == "--hint")
            arguments.hint = true;
        else if (word == "--brief")
            arguments.brief = true;
        else if (word == "--seed")
            arguments.seed = next();
        else if (word == "--junit")
            arguments.junit = next();
        else if (word == "--gradescope")
            arguments.gradescope = next();
        else if (word == "--visibility")
            arguments.visibility = next();
        else {
            const std::string state = next(), path = next();
            if (state != "run" && state != "broken")
                throw Error("runner: '" + state + "' is neither run nor broken");
            arguments.exercises.push_back({word, state, path});
        }
    }
    const std::string& seed = arguments.seed;
    if (seed.empty() || seed.find_first_not_of("0123456789") != std::string::npos)
        throw Error("SEED='" + seed + "' is no number", "SEED is a number such as 7.");
    const std::string& visible = arguments.visibility;
    if (visible != "visible" && visible != "hidden" && visible != "after_due_date" &&
        visible != "after_published")
        throw Error("VISIBILITY='" + visible + "' is unknown",
                    "It is visible, hidden, after_due_date or after_published.");
    return arguments;
}

LessonResult run(const Arguments::Exercise& exercise, const std::string& seed) {
    LessonResult result{read_lesson(exercise.folder), {}};
    if (exercise.state == "run") {
        for (const Task& task : result.lesson.tasks)
            result.tasks.push_back(run_task(exercise.path, task.number, seed));
        return result;
    }
    std::ifstream stream(exercise.path);
    std::string log{std::istreambuf_iterator<char>(stream), {}};
    if (log.size() > 8000) log.resize(8000), log += "\n…";
    while (log.ends_with("\n")) log.pop_back();
    result.tasks.resize(result.lesson.tasks.size(), {Outcome::broken, log, {}, 0});
    return result;
}

void print_indented(const std::string& text, const char* indent) {
    size_t begin = 0;
    while (begin < text.size()) {
        const size_t end = std::min(text.find('\n', begin), text.size());
        std::printf("%s%s\n", indent, text.substr(begin, end - begin).c_str());
        begin = end + 1;
    }
}

/// "lesson 5, temporal shift" of 05-temporal-shift.
std::string title(const Lesson& lesson) {
    std::string words = lesson.name.substr(std::min(lesson.name.find('-') + 1, lesson.name.size()));
    for (char& c : words)
        if (c == '-') c = ' ';
    return "Lesson " + std::to_string(std::atoi(lesson.name.c_str())) + ", " + words;
}

void print(const LessonResult& result, const Arguments& arguments, const std::string& state) {
    const std::string tasks = std::to_string(result.passed()) + " of " +
                              std::to_string(result.tasks.size()) + " tasks pass";
    if (arguments.brief) {
        std::printf("%-44s %s%s\n", title(result.lesson).c_str(), tasks.c_str(),
                    state == "broken" ? ": exercise.cpp does not compile" : "");
        return;
    }
    std::printf("%s\n", title(result.lesson).c_str());
    if (state == "broken") {
        print_indented(printable(result.tasks.front().message), "  ");
        std::printf("No task was checked.\n");
        return;
    }
    const Task* to_hint = nullptr;
    for (size_t i = 0; i < result.tasks.size(); ++i) {
        const TaskResult& task = result.tasks[i];
        const Task& told = result.lesson.tasks[i];
        std::printf("  task %d  %-16s %s\n", told.number, told.name.c_str(),
                    to_string(task.outcome).c_str());
        if (task.outcome == Outcome::wrong || task.outcome == Outcome::broken)
            print_indented(printable(task.message), "      ");
        if (!task.printed.empty()) {
            std::printf("      your code printed:\n");
            print_indented(printable(task.printed), "      | ");
        }
        if (task.outcome != Outcome::pass && to_hint == nullptr) to_hint = &told;
    }
    std::printf(
        "%s.%s\n", tasks.c_str(),
        to_hint && !arguments.hint ? " HINT=1 gives a hint for the first that does not." : "");
    if (to_hint && arguments.hint) {
        std::printf("Hint for task %d:\n", to_hint->number);
        print_indented(to_hint->hint, "  ");
    }
}

void write(const std::string& file, const std::string& text) {
    if (file.empty()) return;
    std::ofstream stream(file);
    stream << text;
    stream.close();
    if (!stream) throw Error("cannot write " + file);
}

}  // namespace

}  // namespace mdn::lesson

int main(int argc, char** argv) {
    using namespace mdn::lesson;
    try {
        const Arguments arguments = read_arguments(argc, argv);
        std::vector<LessonResult> results;
        bool all_pass = true;
        for (const auto& exercise : arguments.exercises) {
            results.push_back(run(exercise, arguments.seed));
            print(results.back(), arguments, exercise.state);
            std::fflush(stdout);
            all_pass = all_pass && results.back().passed() == (int)results.back().tasks.size();
        }
        write(arguments.junit, junit_xml(results));
        write(arguments.gradescope, gradescope_json(results, arguments.visibility));
        return all_pass ? 0 : 1;
    } catch (const mdn::Error& error) {
        std::fprintf(stderr, "error: %s\n", error.what());
        if (!error.hint().empty()) std::fprintf(stderr, "hint: %s\n", error.hint().c_str());
        return 2;
    }
}
