// A place in a JSON text, from which values are read one after the other. Nothing is built from
// what is not asked for, so that memory does not depend on what a stranger's file says.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace mdn {

/// Stands before a value. Cheap to copy: a copy looks ahead, the original stays. Text and path must
/// outlive it. Every function but copying throws Error naming file, line and column where the text
/// is not JSON or does not hold what is asked for.
class JsonCursor {
  public:
    enum class Kind { object, array, string, number, boolean, null };

    JsonCursor(std::string_view text, const std::filesystem::path& file);

    /// What kind of value comes next. A number may also be one of the tokens NaN, nan, -nan,
    /// Infinity and -Infinity, which Python's json module writes although JSON has none of them.
    Kind next();
    bool next_is(Kind kind) { return next() == kind; }

    /// Reads the value that comes next. `what` is its name in messages.
    std::string string(std::string_view what);
    double number(std::string_view what);  // what is infinite or no number comes as NaN, null also
    void skip();

    /// Calls visit(key) for each key; it must read the value. Throws if the value is no object.
    template <class Visit>
    void object(std::string_view what, Visit visit) {
        for (bool more = open('{', what); more; more = comma('}')) {
            const std::string key = member_name();
            visit(key);
        }
    }
    /// Calls visit(i) for each element; it must read the value. Throws if the value is no array.
    template <class Visit>
    void array(std::string_view what, Visit visit) {
        std::size_t i = 0;
        for (bool more = open('[', what); more; more = comma(']')) visit(i++);
    }
    /// Throws unless nothing but blanks follows.
    void end();

    /// The keys of the object that comes next, without reading on; none of another value. Of more
    /// than 64 keys the first.
    std::vector<std::string> keys() const;
    /// Stands before the value of that key of the object that comes next; before the first element
    /// of the array that comes next. False, and where it was, if there is none.
    bool enter(std::string_view key);
    bool enter_first();

    /// "a list", "an object", "the text \"abc\"": what comes next, for messages.
    std::string describe() const;
    [[noreturn]] void fail(const std::string& what) const;
    /// FILE:LINE:COLUMN of what comes next.
    std::string where() const;

  private:
    void blanks();
    char peek();
    void expect(char character, const char* what);
    /// Whether an element follows the opening mark.
    bool open(char mark, std::string_view what);
    bool comma(char closing);
    std::string member_name();
    std::string_view raw_string();
    std::string_view raw_number();
    bool take(std::string_view word);

    std::string_view text_;
    const std::filesystem::path* file_;
    std::size_t at_ = 0;
};

}  // namespace mdn
