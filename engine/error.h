// The one exception type for mistakes a user can make and correct.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace mdn {

/// A user's mistake: bad file, bad value, shapes that do not fit. The command line prints it as
/// `error: <what()>` and, where one is given, `hint: <hint()>`, and exits with code 2. The message
/// names the file, line, field or tensor at fault. Internal faults are any other exception
/// (exit code 1).
class Error : public std::runtime_error {
  public:
    explicit Error(const std::string& message, std::string hint = {})
        : std::runtime_error(message), hint_(std::move(hint)) {}

    /// What the user could do about it; empty when there is nothing useful to say.
    const std::string& hint() const { return hint_; }

  private:
    std::string hint_;
};

/// A device has no memory left. What could help, the command knows: the engine gives no hint.
class OutOfMemory : public Error {
  public:
    using Error::Error;
};

}  // namespace mdn
