#include "train/settings/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <sstream>

#include "data/formats/list_file.h"
#include "engine/error.h"
#include "engine/nearest_name.h"
#include "train/output/format.h"
#include "train/settings/command_line_entry.h"

namespace mdn {

namespace fs = std::filesystem;

namespace {

/// Throws what is wrong with a value, the option first: "--lr must be a number, not 'fast'".
[[noreturn]] void refuse(const std::string& flag, const std::string& must,
                         const std::string& value) {
    throw Error(flag + " must be " + must + ", not " + value);
}

template <class T>
std::string range(T low, T high) {
    std::ostringstream text;
    text << "from " << low << " to " << high;
    return text.str();
}

template <class T>
T number_in(const std::string& flag, const std::string& value, T low, T high, const char* what) {
    T number{};
    const char* begin = value.data() + (value.starts_with("+") ? 1 : 0);
    const char* end = value.data() + value.size();
    const auto [stop, failure] = std::from_chars(begin, end, number);
    const bool is_number = stop == end && begin != end && failure != std::errc::invalid_argument;
    if (!is_number) refuse(flag, what, "'" + value + "'");
    // Written so that NaN fails.
    if (failure == std::errc() && number >= low && number <= high) return number;
    refuse(flag, range(low, high), value);
}

int64_t integer_in(const std::string& flag, const std::string& value, int64_t low, int64_t high) {
    return number_in(flag, value, low, high, "a whole number");
}

fs::path without_last_slash(const fs::path& path) {
    return path.has_filename() ? path : path.parent_path();
}

/// The path whose name is nearest in the folder of one that does not exist; empty if none is near.
/// With `folders`, only those of folders count.
std::string nearest_path(const std::string& missing, bool folders) {
    const fs::path path = without_last_slash(missing);
    const fs::path folder = path.parent_path();
    std::vector<std::string> names;
    std::error_code failure;
    for (fs::directory_iterator at(folder.empty() ? "." : folder, failure), end; at != end;
         at.increment(failure)) {
        if (failure) break;
        // What is there and was not found is a link that leads nowhere.
        if (folders ? fs::is_directory(*at, failure) : fs::exists(*at, failure))
            names.push_back(at->path().filename().string());
    }
    std::sort(names.begin(), names.end());
    const std::string nearest = nearest_name(path.filename().string(), names);
    return nearest.empty() ? "" : (folder / nearest).string();
}

std::string separated(const std::vector<std::string>& names, const char* separator) {
    std::string text;
    for (const std::string& name : names) text.append(text.empty() ? "" : separator).append(name);
    return text;
}

}  // namespace

CommandLine::CommandLine(const std::string& program, const std::string& summary,
                         const std::string& footer)
    : program_(program), summary_(summary), footer_(footer) {}

CommandLine::~CommandLine() = default;

OptionEntry& CommandLine::add(const std::string& flag, const std::string& kind,
                              const std::string& help) {
    entries_.push_back(std::make_unique<OptionEntry>());
    OptionEntry& entry = *entries_.back();
    entry.names = split_at(flag, ',');
    entry.kind = kind;
    entry.help = help;
    return entry;
}

void CommandLine::text(const std::string& flag, std::string& value, const std::string& kind,
                       const std::string& help) {
    OptionEntry& entry = add(flag, kind, help);
    entry.initial = value;
    entry.take = [&value, name = entry.name()](const std::string& given) {
        if (given.empty())
            throw Error(name + " has an empty value", "is a shell variable not set?");
        value = given;
    };
}

void CommandLine::positional(const std::string& name, std::string& value, const std::string& help) {
    text(name, value, name, help);
    require(name);
}

void CommandLine::positionals(const std::string& name, std::vector<std::string>& values,
                              const std::string& help) {
    OptionEntry& entry = add(name, name, help);
    entry.is_list = true;
    entry.take = [&values, name](const std::string& given) {
        if (given.empty())
            throw Error(name + " has an empty value", "is a shell variable not set?");
        values.push_back(given);
    };
    require(name);
}

void CommandLine::integer(const std::string& flag, int64_t& value, int64_t low, int64_t high,
                          const std::string& help) {
    OptionEntry& entry = add(flag, "N", help);
    entry.initial = std::to_string(value);
    entry.take = [=, &value](const std::string& given) {
        value = integer_in(flag, given, low, high);
    };
}

void CommandLine::number(const std::string& flag, double& value, double low, double high,
                         const std::string& help) {
    OptionEntry& entry = add(flag, "X", help);
    entry.initial = format("%g", value);
    entry.take = [=, &value](const std::string& given) {
        value = number_in(flag, given, low, high, "a number");
    };
}

void CommandLine::integers(const std::string& flag, std::vector<int64_t>& values, int64_t low,
                           int64_t high, const std::string& help) {
    OptionEntry& entry = add(flag, "N,N", help);
    entry.is_list = true;
    entry.take = [=, &values](const std::string& given) {
        for (const std::string& item : split_at(given, ','))
            values.push_back(integer_in(flag, item, low, high));
    };
}

void CommandLine::flag(const std::string& flag, bool& value, const std::string& help) {
    add(flag, "", help).take = [&value](const std::string&) { value = true; };
}

void CommandLine::choose(const std::string& flag, const std::vector<std::string>& names,
                         const std::string& initial, std::function<void(size_t)> set,
                         const std::string& help) {
    OptionEntry& entry = add(flag, separated(names, "|"), help);
    entry.initial = initial;
    entry.take = [=, kind = entry.kind](const std::string& given) {
        const auto found = std::find(names.begin(), names.end(), given);
        if (found == names.end())
            throw Error(flag + " has no choice '" + given + "'",
                        did_you_mean(given, names, "one of " + kind));
        set(static_cast<size_t>(found - names.begin()));
    };
}

void CommandLine::require(const std::string& flag, const std::string& unless) {
    require_one({flag}, unless);
}

void CommandLine::require_one(const std::vector<std::string>& flags, const std::string& unless) {
    requirements_.push_back({flags, unless, ""});
}

void CommandLine::require_beside(const std::string& other, const std::vector<std::string>& flags) {
    requirements_.push_back({flags, "", other});
}

OptionEntry* CommandLine::find(const std::string& flag) const {
    for (const auto& entry : entries_)
        if (std::find(entry->names.begin(), entry->names.end(), flag) != entry->names.end())
            return entry.get();
    return nullptr;
}

bool CommandLine::given(const std::string& flag) const {
    const OptionEntry* entry = find(flag);
    return entry != nullptr && !entry->given.empty();
}

void CommandLine::refuse_unknown(const std::string& argument) const {
    const std::string help = program_ + " --help explains the options";
    const std::string flag = argument.substr(0, argument.find('='));
    std::vector<std::string> known = {"--help"};
    for (const auto& entry : entries_)
        for (const std::string& name : entry->names)
            if (name.starts_with("-")) known.push_back(name);
    throw Error("unknown option '" + flag + "'", did_you_mean(flag, known, help));
}

void CommandLine::refuse_without_value(const OptionEntry& entry, const std::string& why) const {
    throw Error(entry.name() + " has no value" + why, entry.usage() + ": " + entry.help);
}

/// Leaves in every entry the values that were typed for it. The library is told of the options'
/// names alone: its versions differ in what else they would do with arguments.
void CommandLine::read_arguments(const std::vector<std::string>& arguments) {
    CLI::App app;
    app.set_help_flag();
    app.allow_extras();
    std::vector<CLI::Option*> options;
    for (const auto& entry : entries_) {
        std::vector<std::string> names = entry->names;
        std::erase_if(names, [](const std::string& name) { return !name.starts_with("-"); });
        options.push_back(names.empty()      ? nullptr
                          : entry->is_flag() ? app.add_flag(separated(names, ","))
                                             : app.add_option(separated(names, ",")));
        if (options.back() == nullptr || entry->is_flag()) continue;
        if (entry->is_list) options.back()->expected(-1);
        // As often as it is typed, so that a repetition can be said.
        options.back()->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    }
    // Behind "--" nothing is an option.
    const auto mark = std::find(arguments.begin(), arguments.end(), "--");
    const std::vector<std::string> named(arguments.begin(), mark);
    for (const std::string& argument : named) {
        const OptionEntry* entry = find(argument.substr(0, argument.find('=')));
        if (entry != nullptr && entry->is_flag() && argument != entry->name())
            throw Error(entry->name() + " takes no value, but '" + argument + "' gives one");
    }
    std::vector<std::string> reversed(named.rbegin(), named.rend());
    try {
        app.parse(reversed);
    } catch (const CLI::ParseError&) {
        const OptionEntry* last = named.empty() ? nullptr : find(named.back());
        if (last != nullptr && !last->is_flag()) refuse_without_value(*last, "");
        throw Error("the options cannot be read", program_ + " --help explains them");
    }
    for (size_t i = 0; i < entries_.size(); ++i) {
        OptionEntry& entry = *entries_[i];
        if (options[i] == nullptr || options[i]->count() == 0) continue;
        entry.given = entry.is_flag() ? std::vector<std::string>{""} : options[i]->results();
        for (const std::string& value : entry.given)
            if (value.starts_with("--") && find(value) != nullptr)
                refuse_without_value(entry, ": " + value + " follows it");
    }
    for (const std::string& argument : app.remaining()) {
        if (argument.starts_with("-") && argument.size() > 1) refuse_unknown(argument);
        take_by_place(argument);
    }
    if (mark != arguments.end())
        std::for_each(mark + 1, arguments.end(),
                      [&](const auto& argument) { take_by_place(argument); });
    for (const auto& entry : entries_)
        if (entry->given.size() > 1 && !entry->is_list)
            throw Error(
                entry->name() + " is given more than once: " + comma_separated(entry->given),
                "leave all but one out");
}

/// Gives an argument to the first option by place that has none yet, or takes several.
void CommandLine::take_by_place(const std::string& argument) {
    for (const auto& entry : entries_) {
        if (!entry->is_positional() || (!entry->given.empty() && !entry->is_list)) continue;
        entry->given.push_back(argument);
        return;
    }
    throw Error("unexpected argument '" + argument + "': no option takes it",
                program_ + " --help explains the options");
}

/// Tells everything that is missing at once.
void CommandLine::check_requirements() const {
    std::vector<std::string> missing;
    std::string hint;
    for (const Requirement& requirement : requirements_) {
        const auto& flags = requirement.flags;
        if (!requirement.unless.empty() && given(requirement.unless)) continue;
        if (!requirement.beside.empty() && !given(requirement.beside)) continue;
        if (std::any_of(flags.begin(), flags.end(), [&](auto& flag) { return given(flag); }))
            continue;
        missing.push_back(separated(flags, " or ") +
                          (requirement.beside.empty() ? "" : " beside " + requirement.beside));
        hint.append(hint.empty() ? "give " : "; ");
        for (const std::string& flag : flags) {
            const OptionEntry& entry = *find(flag);
            hint.append(flag == flags.front() ? "" : " or ").append(entry.usage());
            if (flags.size() == 1) hint.append(" (").append(entry.help).append(")");
        }
        if (!requirement.unless.empty()) hint.append(", or ").append(requirement.unless);
    }
    if (!missing.empty())
        throw Error(comma_separated(missing) + (missing.size() == 1 ? " is" : " are") + " missing",
                    hint);
}

void CommandLine::check_inputs() const {
    for (const Input& input : inputs_) {
        const OptionEntry& entry = *find(input.flag);
        for (const std::string& path : entry.given) {
            std::error_code failure;
            const fs::file_status status = fs::status(path, failure);
            // What may not be looked at is left to its reader, who says why.
            if (status.type() == fs::file_type::none) continue;
            const std::string meaning = entry.usage() + ": " + entry.help;
            if (!fs::exists(status)) {
                const fs::path link = without_last_slash(path);
                if (fs::is_symlink(link, failure))
                    throw Error(entry.name() + " " + path + " is a link to " +
                                    fs::read_symlink(link, failure).string() +
                                    ", which leads nowhere",
                                "make the link anew, or give another path");
                const std::string nearest = nearest_path(path, input.is_folder);
                throw Error(entry.name() + " " + path + ": there is no such " +
                                (input.is_folder ? "folder" : "file or folder"),
                            nearest.empty() ? meaning : "did you mean '" + nearest + "'?");
            }
            if (input.is_folder && !fs::is_directory(status))
                throw Error(entry.name() + " " + path + " is a file, not a folder", meaning);
        }
    }
}

bool CommandLine::parse(const std::vector<std::string>& arguments) {
    for (const std::string& argument : arguments) {
        if (argument == "--") break;
        if (argument == "--help" || argument == "-h") return false;
    }
    read_arguments(arguments);
    for (const auto& entry : entries_)
        for (const std::string& value : entry->given) entry->take(value);
    check_requirements();
    return true;
}

}  // namespace mdn
