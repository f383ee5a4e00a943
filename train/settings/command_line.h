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

struct OptionEntry;

/// Wraps the command-line library, so that only command_line.cpp pays for compiling it, and takes
/// from it no more than which value belongs to which option: what is said to the user is the same
/// with every version of it. Every option is bound to a variable whose value at declaration is the
/// default that --help shows.
class CommandLine {
  public:
    /// `program` is what the user types before the options, `footer` ends the help text.
    CommandLine(const std::string& program, const std::string& summary, const std::string& footer);
    ~CommandLine();

    /// `kind` says in the help text what is meant: NAME, FILE, DIR. `flag` may hold several names
    /// with commas between them; one without dashes is given by its place.
    void text(const std::string& flag, std::string& value, const std::string& kind,
              const std::string& help);
    /// What is given without a flag, and must be: the file or folder that the command is about.
    void positional(const std::string& name, std::string& value, const std::string& help);
    /// The same, once or more often.
    void positionals(const std::string& name, std::vector<std::string>& values,
                     const std::string& help);
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
    /// Makes an option declared before mandatory, but where the flag `unless` is given.
    void require(const std::string& flag, const std::string& unless = "");
    /// Makes one of several options mandatory, no matter which, but where `unless` is given.
    void require_one(const std::vector<std::string>& flags, const std::string& unless = "");

    /// Makes one of several options mandatory where `other` is given.
    void require_beside(const std::string& other, const std::vector<std::string>& flags);

    /// Says that the command reads what an option declared before names: a file or a folder.
    void reads(const std::string& flag) { inputs_.push_back({flag, false}); }
    /// The same of an option that must name a folder.
    void reads_folder(const std::string& flag) { inputs_.push_back({flag, true}); }
    /// Throws Error for the first option whose file or folder is not there, or is a file where a
    /// folder is read. The hint is the nearest name beside it.
    void check_inputs() const;

    /// Throws Error for anything that does not fit the declarations. Returns false if help was
    /// asked for: nothing else is to be done then.
    bool parse(const std::vector<std::string>& arguments);
    std::string help() const;
    /// Whether the user gave this option.
    bool given(const std::string& flag) const;

  private:
    /// At least one of `flags` must be given, or `unless`; with `beside`, only where that is.
    struct Requirement {
        std::vector<std::string> flags;
        std::string unless, beside;
    };

    struct Input {
        std::string flag;
        bool is_folder;
    };

    OptionEntry& add(const std::string& flag, const std::string& kind, const std::string& help);
    void choose(const std::string& flag, const std::vector<std::string>& names,
                const std::string& initial, std::function<void(size_t)> set,
                const std::string& help);
    OptionEntry* find(const std::string& flag) const;
    void read_arguments(const std::vector<std::string>& arguments);
    void check_requirements() const;
    /// "REQUIRED", "REQUIRED unless --resume", "this or --preset REQUIRED", "REQUIRED with
    /// --dataset"; empty if it is not.
    std::string requirement_of(const OptionEntry& entry) const;
    void take_by_place(const std::string& argument);
    [[noreturn]] void refuse_without_value(const OptionEntry& entry, const std::string& why) const;
    [[noreturn]] void refuse_unknown(const std::string& argument) const;

    std::string program_, summary_, footer_;
    std::vector<std::unique_ptr<OptionEntry>> entries_;  // in the order of the help text
    std::vector<Requirement> requirements_;
    std::vector<Input> inputs_;
};

}  // namespace mdn
