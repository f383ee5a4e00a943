// The course of docs/lessons: its exercises, checks, pages, grading and handout. `make test` has
// built a check program of every solution, unsolved exercise and planted wrong answer
// (docs/lessons/lessons.mk).
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <regex>
#include <vector>

#include "tests/data/temporary_dataset.h"
#include "tests/docs/links.h"
#include "tests/shell.h"

namespace mdn::test {

namespace {

namespace fs = std::filesystem;

const fs::path course = "docs/lessons", solutions = "tests/lessons/solutions",
               wrong = "tests/lessons/wrong";

std::string setting(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

/// Where the check programs are; false (and one line) where nothing has built them.
bool answers_are_built() {
    if (!fs::exists(solutions)) {
        MESSAGE("not run: this copy of the repository has no solutions (make handout)");
        return false;
    }
#ifdef __SANITIZE_ADDRESS__
    MESSAGE("not run: under AddressSanitizer a task's memory cannot be limited in the same way");
    return false;
#endif
    if (setting("LESSON_BUILD").empty()) {
        MESSAGE("not run: only `make test` builds the answers");
        return false;
    }
    return true;
}

fs::path build() { return setting("LESSON_BUILD"); }

/// What a shell says to `command`, with nothing of the make that may have started this test.
Said shell(const std::string& command) {
    FILE* pipe =
        popen(("unset MAKEFLAGS MAKELEVEL MFLAGS; { " + command + "; } 2>&1").c_str(), "r");
    REQUIRE(pipe != nullptr);
    std::string text;
    for (int c; (c = std::fgetc(pipe)) != EOF;) text += static_cast<char>(c);
    const int status = pclose(pipe);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text};
}

/// The folders of the lessons, in order.
std::vector<fs::path> lessons() {
    std::vector<fs::path> folders;
    for (const auto& entry : fs::directory_iterator(course))
        if (fs::exists(entry.path() / "check.cpp") &&
            std::isdigit(entry.path().filename().string()[0]))
            folders.push_back(entry.path());
    std::sort(folders.begin(), folders.end());
    REQUIRE(!folders.empty());
    return folders;
}

/// Tasks of a lesson, as its check.cpp names them.
long task_count(const fs::path& lesson) {
    const std::string checks = text_of(lesson / "check.cpp");
    const std::regex task("\nTASK\\(");
    return std::distance(std::sregex_iterator(checks.begin(), checks.end(), task),
                         std::sregex_iterator());
}

Said run_checks(const fs::path& lesson, const std::string& answer) {
    return shell((build() / "runner").string() + " " + lesson.string() + " run " +
                 (build() / "answers" / lesson.filename() / answer).string());
}

/// What is said of one task: its line, and the indented lines below.
std::string section_of_task(const std::string& said, int number) {
    const size_t begin = said.find("  task " + std::to_string(number) + "  ");
    if (begin == std::string::npos) return "";
    return said.substr(
        begin,
        std::min(said.find("\n  task ", begin + 1), said.find(" tasks pass", begin)) - begin);
}

long count(const std::string& text, const std::string& what) {
    long found = 0;
    for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += what.size()) ++found;
    return found;
}

/// All pages of the course.
std::vector<fs::path> pages() {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(course))
        if (entry.path().extension() == ".md") files.push_back(entry.path());
    return files;
}

std::string make(const std::string& folder = ".") {
    return setting("LESSON_MAKE") + " -s --no-print-directory -C '" + folder + "' ";
}

}  // namespace

TEST_SUITE("lessons/course") {
    TEST_CASE("every solution passes, and every unsolved exercise fails each task") {
        if (!answers_are_built()) return;
        for (const fs::path& lesson : lessons()) {
            const std::string all = std::to_string(task_count(lesson));
            const Said solved = run_checks(lesson, "solution");
            CHECK_MESSAGE(solved.code == 0, solved.text);
            CHECK_MESSAGE(solved.text.find(all + " of " + all + " tasks pass") != std::string::npos,
                          solved.text);
            const Said unsolved = run_checks(lesson, "unsolved");
            CHECK(unsolved.code == 1);
            CHECK_MESSAGE(count(unsolved.text, "not done yet") == std::stol(all), unsolved.text);
        }
    }

    TEST_CASE("every solution passes with other random numbers too") {
        if (!answers_are_built()) return;
        for (const fs::path& lesson : lessons())
            for (const char* seed : {"2", "3"}) {
                const Said said = shell(
                    (build() / "runner").string() + " --seed " + seed + " " + lesson.string() +
                    " run " + (build() / "answers" / lesson.filename() / "solution").string());
                CHECK_MESSAGE(said.code == 0, said.text);
            }
    }

    TEST_CASE("every planted mistake fails its task with a message that names the place") {
        if (!answers_are_built()) return;
        for (const fs::path& lesson : lessons()) {
            int planted = 0;
            for (const auto& entry : fs::directory_iterator(wrong / lesson.filename())) {
                ++planted;
                const std::string source = text_of(entry.path());
                std::smatch says;
                REQUIRE_MESSAGE(
                    std::regex_search(source, says, std::regex("^// Task ([0-9]+) says: (.*)\n")),
                    entry.path());
                const Said said = run_checks(lesson, entry.path().stem().string());
                CAPTURE(entry.path());
                CAPTURE(said.text);
                CHECK(said.code == 1);
                const std::string section = section_of_task(said.text, std::stoi(says[1]));
                CHECK(section.find(says[2].str()) != std::string::npos);
                // Of the other tasks, nothing wrong is said.
                CHECK(count(said.text, "pass\n") == task_count(lesson) - 1);
            }
            CHECK_MESSAGE(planted >= 3, lesson);
        }
    }

    TEST_CASE("the page of the course shows what a wrong answer really says") {
        if (!answers_are_built()) return;
        const std::string page = text_of(course / "README.md");
        const Said said = run_checks(course / "05-temporal-shift", "crosses-clips");
        const std::string section = section_of_task(said.text, 2);
        CHECK(!section.empty());
        CHECK_MESSAGE(page.find(section) != std::string::npos, section);
        // So that a student sees these numbers too.
        CHECK(shell(make() + "-n lesson N=5").text.find("--seed '1'") != std::string::npos);
        CHECK(shell(make() + "-n lesson N=5 SEED=2").text.find("--seed '2'") != std::string::npos);
    }

    TEST_CASE("what is handed out is what RESET restores") {
        for (const fs::path& lesson : lessons()) {
            const std::string unsolved =
                text_of(course / "unsolved" / (lesson.filename().string() + ".cpp"));
            CHECK(!unsolved.empty());
            CHECK(count(unsolved, "not_done(") > 0);
            // A student has changed the file; in the project itself it stays unsolved.
            if (fs::exists(solutions)) CHECK(text_of(lesson / "exercise.cpp") == unsolved);
        }
    }

    TEST_CASE("RESET keeps each earlier state") {
        const TemporaryFolder folder;
        const std::string name = lessons().front().filename().string();
        fs::create_directories(folder / "harness");
        fs::create_directories(folder / "unsolved");
        fs::create_directories(folder / name);
        fs::copy_file(course / "harness/reset.sh", folder / "harness/reset.sh");
        write(folder / "unsolved" / (name + ".cpp"), "unsolved");
        const std::string reset = (folder / "harness/reset.sh").string() + " " + name;
        const fs::path exercise = folder / name / "exercise.cpp";
        for (const char* state : {"mine", "mine again"}) {
            write(exercise, state);
            CHECK(shell(reset).code == 0);
            CHECK(text_of(exercise) == "unsolved");
        }
        CHECK(text_of(exercise.string() + ".kept-1") == "mine");
        CHECK(text_of(exercise.string() + ".kept-2") == "mine again");
        // Nothing to keep.
        CHECK(shell(reset).code == 0);
        CHECK(!fs::exists(exercise.string() + ".kept-3"));
    }

    TEST_CASE("links of the pages lead to files that hold the names they show") {
        for (const fs::path& page : pages()) {
            const long names = check_links(page);
            if (page.filename() == "README.md" && page.parent_path() != course)
                CHECK_MESSAGE(names >= 2, page, " names too few lines of the repository");
        }
    }

    TEST_CASE("a page shows what its example prints, and has all parts of a lesson") {
        for (const fs::path& lesson : lessons()) {
            const std::string page = text_of(lesson / "README.md");
            CAPTURE(lesson);
            for (const char* part : {"drawing.svg", "## The idea", "## The maths",
                                     "## Where it is in this repository", "## Run it", "## Tasks"})
                CHECK_MESSAGE(page.find(part) != std::string::npos, part);
            for (const char* file : {"drawing.svg", "hints.md", "exercise.cpp", "example.cpp"})
                CHECK_MESSAGE(fs::exists(lesson / file), file);
            CHECK(text_of(lesson / "drawing.svg").find("prefers-color-scheme: dark") !=
                  std::string::npos);
            if (!fs::exists(build() / lesson.filename() / "example")) continue;
            const Said example = shell((build() / lesson.filename() / "example").string());
            CHECK(example.code == 0);
            CHECK_MESSAGE(page.find("```\n" + example.text + "```\n") != std::string::npos,
                          "the page does not show this:\n", example.text);
        }
    }

    TEST_CASE("commands on the pages are among those that the tests run, or say why not") {
        // These are run below, or as the scripts behind them.
        const std::regex tested(
            "(make lesson N=[0-9]+( (HINT|RESET|RUN)=1)?|make lessons|make handout OUT=[^ ]*|"
            "make grade SUBMISSION=[^ ]* OUT=[^ ]*)( +# .*)?|.*  # not run in the tests: .+|");
        for (const fs::path& page : pages()) {
            bool inside = false;
            std::ifstream stream(page);
            for (std::string line; std::getline(stream, line);) {
                if (line.rfind("```", 0) == 0)
                    inside = line == "```sh";
                else if (inside)
                    CHECK_MESSAGE(std::regex_match(line, tested), page, ": ", line);
            }
        }
    }

    TEST_CASE("grading believes nothing but exercise files, and bounds what they do") {
        if (!answers_are_built()) return;
        const TemporaryFolder folder;
        const fs::path submission = folder / "submission", out = folder / "out";
        const std::string grade =
            make() + "grade SUBMISSION='" + submission.string() + "' OUT='" + out.string() + "' ";
        const std::string lesson = "05-temporal-shift";
        const auto unsolved_with = [&](const std::string& function, const std::string& body) {
            std::string text = text_of(course / "unsolved" / (lesson + ".cpp"));
            const size_t begin = text.find(function), line = text.find("not_done(", begin);
            REQUIRE(line != std::string::npos);
            text.replace(line, text.find(';', line) + 1 - line, body);
            return "#include <cstdlib>\n#include <cstdio>\n#include <unistd.h>\n#include "
                   "<vector>\n" +
                   text;
        };
        fs::create_directories(submission / lesson);
        // Files that are not taken.
        write(submission / "Makefile", "grade:\n\techo all points\n");
        write(submission / lesson / "check.cpp", "#error the submission's checks were taken\n");
        std::string hostile = unsolved_with(
            "int64_t source_frame(",
            "for (int i = 0; i < 100000; ++i) std::printf(\"task 1 pass {\\\"score\\\": "
            "99}\\n\\x01\\xff\");"
            "std::fflush(nullptr); char pass[21] = {}; pass[16] = 'p';"
            "for (int fd = 3; fd < 20; ++fd) if (write(fd, pass, sizeof pass) < 0) continue;"
            "_exit(0);");
        const auto also = [&](const std::string& function, const std::string& body) {
            const size_t line = hostile.find("not_done(", hostile.find(function));
            hostile.replace(line, hostile.find(';', line) + 1 - line, body);
        };
        also("Tensor shifted(", "(void)x; if (frames > 0) std::abort(); return {};");
        also("Tensor shifted_backward(",
             "(void)frames; std::vector<std::vector<char>> all; for (;;) all.emplace_back(1 << 28, "
             "1); return dy;");
        also("void shift_in_place(",
             "(void)x; for (volatile int64_t i = frames; i >= 0; i = i + 0) {}");
        write(submission / lesson / "exercise.cpp", hostile);
        fs::create_symlink(fs::absolute(solutions / "01-tensors-and-memory.cpp"),
                           submission / "01-tensors-and-memory.cpp");
        // The solution, if it could be found.
        write(submission / "08-dual-path-and-router.cpp",
              "#include \"tests/lessons/solutions/08-dual-path-and-router.cpp\"\n");
        const Said said = shell(grade);
        CAPTURE(said.text);
        CHECK(said.code == 0);
        const auto results = nlohmann::json::parse(text_of(out / "results.json"));
        CHECK(results.at("score") == 0);
        const auto output = [&](const std::string& number) -> std::string {
            for (const auto& test : results.at("tests"))
                if (test.at("number") == number) return test.at("output");
            return "no such test";
        };
        CHECK(output("5.1").find("before the checks were done") != std::string::npos);
        CHECK(output("5.2").find("signal 6") != std::string::npos);
        CHECK(output("5.3").find("std::bad_alloc") != std::string::npos);
        CHECK(output("5.4").find("still computing after 10 seconds") != std::string::npos);
        CHECK(output("1.1").find("is a symbolic link") != std::string::npos);
        CHECK(output("8.1").find("does not compile") != std::string::npos);
        for (const auto& test : results.at("tests")) {
            for (const char* key : {"score", "max_score", "name", "output", "visibility"})
                CHECK_MESSAGE(test.contains(key), key);
            CHECK(test.at("score") == 0);
        }
        const std::string xml = text_of(out / "results.xml");
        CHECK(count(xml, "<error ") == count(xml, "<testcase "));
        CHECK(xml.find('\x01') == std::string::npos);
    }

    TEST_CASE("grading gives a task its points, and none to a call of the engine's op") {
        if (!answers_are_built()) return;
        const TemporaryFolder folder;
        const fs::path out = folder / "out";
        fs::create_directories(folder / "submission/01-tensors-and-memory");
        fs::copy_file(solutions / "01-tensors-and-memory.cpp",
                      folder / "submission/01-tensors-and-memory/exercise.cpp");
        // Kernels are compiled against the emulated GPU, whose headers grading must hand over.
        fs::copy_file(solutions / "11-cuda-kernel-on-an-emulated-gpu.cpp",
                      folder / "submission/11-cuda-kernel-on-an-emulated-gpu.cpp");
        std::string lazy = text_of(course / "unsolved/05-temporal-shift.cpp");
        lazy.replace(lazy.find("not_done(x, frames)"), 19, "return temporal_shift(x, frames)");
        write(folder / "submission/05-temporal-shift.cpp", "#include \"engine/ops.h\"\n" + lazy);
        // Nor to the kernels behind the ops, or to the engine's backward pass.
        const auto unsolved_and = [&](const std::string& file, const std::string& function) {
            write(folder / "submission" / file,
                  "#include \"engine/ops.h\"\n" + text_of(course / "unsolved" / file) + function);
        };
        unsolved_and("06-roi-align-and-entities.cpp",
                     "mdn::Kernels& lazy(const mdn::Tensor& x) { return mdn::kernels(x); }\n");
        unsolved_and("03-matrix-product-and-convolution.cpp",
                     "void lazy(const mdn::Tensor& y) { mdn::backward(y); }\n");
        write(folder / "submission/08-dual-path-and-router.cpp", std::string(2 << 20, ' '));
        const Said said = shell(make() + "grade SUBMISSION='" + (folder / "submission").string() +
                                "' OUT='" + out.string() + "' VISIBILITY=after_due_date");
        CAPTURE(said.text);
        CHECK(said.code == 0);
        const auto results = nlohmann::json::parse(text_of(out / "results.json"));
        CHECK(results.at("score") == 7 + 8);
        CHECK(results.at("visibility") == "after_due_date");
        const std::string text = results.dump();
        for (const char* name : {"temporal_shift", "kernels", "backward"})
            CHECK_MESSAGE(text.find(std::string("calls mdn::") + name) != std::string::npos, name);
        CHECK(text.find("larger than 1 MiB") != std::string::npos);
        CHECK(shell(make() + "grade SUBMISSION=/nowhere").code != 0);
    }

    TEST_CASE("a handout has no solutions, and its lessons work") {
        if (!answers_are_built()) return;
        if (!fs::exists(".git")) {
            MESSAGE("not run: this is no clone, so git names no files");
            return;
        }
        const TemporaryFolder folder;
        const fs::path out = folder / "handout";
        const Said said = shell(make() + "handout OUT='" + out.string() + "'");
        CHECK_MESSAGE(said.code == 0, said.text);
        CHECK(!fs::exists(out / solutions));
        CHECK(!fs::exists(out / wrong));
        CHECK(!fs::exists(out / ".git"));
        CHECK(fs::exists(out / "tests/lessons/course.cpp"));
        // The files are as old as here, so nothing is built again.
        fs::create_directory_symlink(fs::absolute("build"), out / "build");
        const Said unsolved = shell(make(out.string()) + "lesson N=5 HINT=1");
        CAPTURE(unsolved.text);
        CHECK(unsolved.code != 0);
        CHECK(count(unsolved.text, "not done yet") == 4);
        CHECK(unsolved.text.find("Hint for task 1:") != std::string::npos);
        CHECK(unsolved.text.find("Hint for task 2:") == std::string::npos);

        const Said kernels = shell(make(out.string()) + "lesson N=11");
        CHECK_MESSAGE(count(kernels.text, "not done yet") == 4, kernels.text);

        fs::copy_file(solutions / "05-temporal-shift.cpp",
                      out / course / "05-temporal-shift/exercise.cpp",
                      fs::copy_options::overwrite_existing);
        write(out / course / "01-tensors-and-memory/exercise.cpp", "int main( {");
        const Said progress = shell(make(out.string()) + "lessons");
        CAPTURE(progress.text);
        CHECK(progress.code == 0);
        CHECK(progress.text.find("4 of 4 tasks pass") != std::string::npos);
        CHECK(progress.text.find("does not compile") != std::string::npos);
        CHECK(shell(make(out.string()) + "lesson N=5 RESET=1").code == 0);
        CHECK(fs::exists(out / course / "05-temporal-shift/exercise.cpp.kept-1"));
        CHECK(shell(make(out.string()) + "lesson N=77").text.find("N=77 names no lesson") !=
              std::string::npos);
        // A second handout into the same folder could leave old files among new ones.
        CHECK(shell(make() + "handout OUT='" + out.string() + "'").code != 0);
    }
}

}  // namespace mdn::test
