#include "docs/lessons/harness/results.h"

#include <cstdio>
#include <nlohmann/json.hpp>

namespace mdn::lesson {

namespace {

std::string xml(const std::string& text) {
    std::string escaped;
    for (char c : printable(text)) {
        switch (c) {
            case '&':
                escaped += "&amp;";
                break;
            case '<':
                escaped += "&lt;";
                break;
            case '>':
                escaped += "&gt;";
                break;
            case '"':
                escaped += "&quot;";
                break;
            default:
                escaped += c;
        }
    }
    return escaped;
}

std::string attribute(const char* name, const std::string& value) {
    std::string text = xml(value);
    for (char& c : text)
        if (c == '\n' || c == '\t') c = ' ';
    return std::string(" ") + name + "=\"" + text + "\"";
}

std::string number(double value) {
    char text[40];
    std::snprintf(text, sizeof text, "%.3f", value);
    return text;
}

/// What a student reads of a task.
std::string output_text(const TaskResult& task) {
    std::string text = task.outcome == Outcome::pass ? "pass" : task.message;
    if (!task.printed.empty()) text += "\n\nYour code printed:\n" + task.printed;
    return printable(text);
}

}  // namespace

std::string printable(const std::string& text) {
    std::string clean;
    for (size_t i = 0; i < text.size();) {
        const auto byte = [&](size_t at) { return static_cast<unsigned char>(text[at]); };
        const unsigned char first = byte(i);
        const size_t length = first < 0x80   ? 1
                              : first < 0xC2 ? 0
                              : first < 0xE0 ? 2
                              : first < 0xF0 ? 3
                              : first < 0xF5 ? 4
                                             : 0;
        bool valid = length > 0 && i + length <= text.size();
        uint32_t code = length < 2 ? first : first & (0x7F >> length);
        for (size_t j = 1; valid && j < length; ++j) {
            valid = (byte(i + j) & 0xC0) == 0x80;
            code = code << 6 | (byte(i + j) & 0x3F);
        }
        // Overlong forms, halves of surrogate pairs, and the two that XML forbids.
        valid = valid && code <= 0x10FFFF &&
                (length < 3 || code >= (length == 3 ? 0x800u : 0x10000u)) &&
                (code < 0xD800 || code > 0xDFFF) && code != 0xFFFE && code != 0xFFFF &&
                (code >= 0x20 || code == '\n' || code == '\t') && code != 0x7F;
        if (valid)
            clean.append(text, i, length);
        else
            clean += '?';
        i += valid ? length : 1;
    }
    return clean;
}

std::string junit_xml(const std::vector<LessonResult>& results) {
    const auto count = [](const LessonResult& result, auto matches) {
        int sum = 0;
        for (const TaskResult& task : result.tasks) sum += matches(task.outcome);
        return std::to_string(sum);
    };
    std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
    for (const LessonResult& result : results) {
        double seconds = 0;
        for (const TaskResult& task : result.tasks) seconds += task.seconds;
        text +=
            "  <testsuite" + attribute("name", result.lesson.name) +
            attribute("tests", std::to_string(result.tasks.size())) +
            attribute("failures", count(result,
                                        [](Outcome outcome) {
                                            return outcome == Outcome::wrong ||
                                                   outcome == Outcome::not_done;
                                        })) +
            attribute("errors",
                      count(result, [](Outcome outcome) { return outcome == Outcome::broken; })) +
            attribute("skipped", "0") + attribute("time", number(seconds)) + ">\n";
        for (size_t i = 0; i < result.tasks.size(); ++i) {
            const TaskResult& task = result.tasks[i];
            const Task& told = result.lesson.tasks[i];
            text += "    <testcase" + attribute("classname", result.lesson.name) +
                    attribute("name", "task " + std::to_string(told.number) + ": " + told.name) +
                    attribute("time", number(task.seconds)) + ">\n";
            if (task.outcome != Outcome::pass) {
                const char* tag = task.outcome == Outcome::broken ? "error" : "failure";
                text += std::string("      <") + tag + attribute("type", to_string(task.outcome)) +
                        attribute("message", task.message.substr(0, 500)) + ">" +
                        xml(task.message) + "</" + tag + ">\n";
            }
            if (!task.printed.empty())
                text += "      <system-out>" + xml(task.printed) + "</system-out>\n";
            text += "    </testcase>\n";
        }
        text += "  </testsuite>\n";
    }
    return text + "</testsuites>\n";
}

std::string gradescope_json(const std::vector<LessonResult>& results,
                            const std::string& visibility) {
    nlohmann::ordered_json tests = nlohmann::ordered_json::array();
    int points = 0, all_points = 0;
    double seconds = 0;
    for (const LessonResult& result : results) {
        points += result.points();
        all_points += result.all_points();
        const int lesson = std::atoi(result.lesson.name.c_str());
        for (size_t i = 0; i < result.tasks.size(); ++i) {
            const Task& told = result.lesson.tasks[i];
            seconds += result.tasks[i].seconds;
            const bool pass = result.tasks[i].outcome == Outcome::pass;
            tests.push_back({{"score", pass ? told.points : 0},
                             {"max_score", told.points},
                             {"name", result.lesson.name + ": " + told.name},
                             {"number", std::to_string(lesson) + "." + std::to_string(told.number)},
                             {"output", output_text(result.tasks[i])},
                             {"visibility", visibility}});
        }
    }
    const nlohmann::ordered_json all = {
        {"score", points},
        {"execution_time", static_cast<int64_t>(seconds + 0.5)},
        {"output", std::to_string(points) + " of " + std::to_string(all_points) + " points"},
        {"visibility", visibility},
        {"stdout_visibility", "hidden"},
        {"tests", tests}};
    return all.dump(2) + "\n";
}

}  // namespace mdn::lesson
