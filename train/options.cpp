#include "train/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <sstream>

#include "engine/error.h"

namespace mdn {

struct Options::Library {
    CLI::App app;
    std::vector<std::unique_ptr<std::string>> chosen;  // values of choices, as typed
    CLI::Option* option(const std::string& flag) { return app.get_option(flag); }
};

namespace {

template <class T>
std::string range_message(const std::string& flag, T value, T low, T high) {
    std::ostringstream text;
    text << flag << " must be from " << low << " to " << high << ", not " << value;
    return text.str();
}

std::string join(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text.append(text.empty() ? "" : "|").append(name);
    return text;
}

}  // namespace

Options::Options(const std::string& program, const std::string& summary, const std::string& footer)
    : library_(std::make_unique<Library>()), program_(program) {
    library_->app.description(summary);
    library_->app.name(program);
    library_->app.footer(footer);
    library_->app.get_formatter()->column_width(34);
}

Options::~Options() = default;

void Options::text(const std::string& flag, std::string& value, const std::string& kind,
                   const std::string& help) {
    CLI::Option* option = library_->app.add_option(flag, value, help)->type_name(kind);
    if (!value.empty()) option->capture_default_str();
}

void Options::positional(const std::string& name, std::string& value, const std::string& help) {
    library_->app.add_option(name, value, help)->required();
}

void Options::integer(const std::string& flag, int64_t& value, int64_t low, int64_t high,
                      const std::string& help) {
    library_->app.add_option(flag, value, help)->type_name("N")->capture_default_str();
    checks_.push_back([=, &value] {
        if (value < low || value > high) throw Error(range_message(flag, value, low, high));
    });
}

void Options::number(const std::string& flag, double& value, double low, double high,
                     const std::string& help) {
    library_->app.add_option(flag, value, help)->type_name("X")->capture_default_str();
    checks_.push_back([=, &value] {
        // Written so that NaN fails.
        if (!(value >= low && value <= high)) throw Error(range_message(flag, value, low, high));
    });
}

void Options::integers(const std::string& flag, std::vector<int64_t>& values, int64_t low,
                       int64_t high, const std::string& help) {
    library_->app.add_option(flag, values, help)->type_name("N,N")->delimiter(',');
    checks_.push_back([=, &values] {
        for (int64_t value : values)
            if (value < low || value > high) throw Error(range_message(flag, value, low, high));
    });
}

void Options::flag(const std::string& flag, bool& value, const std::string& help) {
    library_->app.add_flag(flag, value, help);
}

void Options::choose(const std::string& flag, const std::vector<std::string>& names,
                     const std::string& initial, std::function<void(size_t)> set,
                     const std::string& help) {
    library_->chosen.push_back(std::make_unique<std::string>(initial));
    std::string& value = *library_->chosen.back();
    library_->app.add_option(flag, value, help)->type_name(join(names))->capture_default_str();
    checks_.push_back([=, &value] {
        if (value.empty()) return;  // neither given nor a default
        const auto found = std::find(names.begin(), names.end(), value);
        if (found == names.end())
            throw Error(flag + " has no choice '" + value + "'", "one of " + join(names));
        set(static_cast<size_t>(found - names.begin()));
    });
}

void Options::require(const std::string& flag) { library_->option(flag)->required(); }

bool Options::parse(const std::vector<std::string>& arguments) {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    try {
        library_->app.parse(reversed);
    } catch (const CLI::CallForHelp&) {
        return false;
    } catch (const CLI::ParseError& error) {
        throw Error(error.what(), program_ + " --help explains the options");
    }
    for (const auto& check : checks_) check();
    return true;
}

std::string Options::help() const { return library_->app.help(); }

bool Options::given(const std::string& flag) const { return library_->option(flag)->count() > 0; }

}  // namespace mdn
