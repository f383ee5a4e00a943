// Results as files that other programs read.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "docs/lessons/harness/lesson.h"

namespace mdn::lesson {

/// `text` as valid UTF-8 without control characters other than tab and line feed: what XML 1.0 can
/// hold. Anything else becomes '?'.
std::string printable(const std::string& text);

/// JUnit's XML: a suite per lesson, a case per task. What is wrong or unsolved is a <failure>; what
/// crashed, hung or did not compile is an <error>.
std::string junit_xml(const std::vector<LessonResult>& results);

/// The JSON that Gradescope's autograder reads (its specification of results.json): a test per task
/// with score, max_score, name, number, output, visibility. `visibility` is one of hidden,
/// after_due_date, after_published, visible.
std::string gradescope_json(const std::vector<LessonResult>& results,
                            const std::string& visibility);

}  // namespace mdn::lesson
