// The options of one subcommand: declared once, parsed, checked and explained by --help.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace mdn {

template <class T>
using Choices = std::vector<std::pair<std::string, T>>;

/// Wraps the command-line library, so that only options.cpp pays for compiling it. Every option is
/// bound to a variable whose value at declaration is the default that --help shows.
class Options {
  public:
    /// `program` is what the user types before the options, `footer` ends the help text.
    Options(const std::string& program, const std::string& summary, const std::string& footer);
    ~Options();

    /// `kind` says in the help text what is meant: NAME, FILE, DIR.
    void text(const std::string& flag, std::string& value, const std::string& kind,
              const std::string& help);
    /// What is given without a flag, and must be: the file or folder that the command is about.
    void positional(const std::string& name, std::string& value, const std::string& help);
    /// Values outside low..high are refused.
    void integer(const std::string& flag, int64_t& value, int64_t low, int64_t high,
                 const std::string& help);
    void number(const std::string& flag, double& value, double low, double high,
                const std::string& help);
    /// A comma-separated list.
    void integers(const std::string& flag, std::vector<int64_t>& values, int64_t low, int64_t high,
                  const std::string& help);
    void flag(const std::string& flag, bool& value, const std::string& help);
    template <class T>
    void choice(const std::string& flag, T& value, const Choices<T>& choices,
                const std::string& help) {
        std::vector<std::string> names;
        std::string initial;
        for (const auto& [name, choice] : choices) {
            names.push_back(name);
            if (choice == value) initial = name;
        }
        choose(
            flag, names, initial, [&value, choices](size_t i) { value = choices[i].second; }, help);
    }
    /// Makes an option declared before mandatory.
    void require(const std::string& flag);

    /// Throws Error for anything that does not fit the declarations. Returns false if help was
    /// asked for: nothing else is to be done then.
    bool parse(const std::vector<std::string>& arguments);
    std::string help() const;
    /// Whether the user gave this option.
    bool given(const std::string& flag) const;

  private:
    void choose(const std::string& flag, const std::vector<std::string>& names,
                const std::string& initial, std::function<void(size_t)> set,
                const std::string& help);

    struct Library;
    std::unique_ptr<Library> library_;
    std::string program_;
    std::vector<std::function<void()>> checks_;  // run after parsing
};

}  // namespace mdn
