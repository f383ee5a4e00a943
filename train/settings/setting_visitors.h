// What can be done with every setting of a struct that lists them once: its option, and its place
// in checkpoints.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "engine/error.h"
#include "train/checkpoints/checkpoint.h"
#include "train/settings/command_line.h"

namespace mdn {

/// Declares each setting as an option.
struct DeclareSetting {
    CommandLine& options;
    static std::string flag(const char* name) { return std::string("--").append(name); }

    void integer(const char* name, int64_t& value, int64_t low, int64_t high, const char* help) {
        options.integer(flag(name), value, low, high, help);
    }
    void number(const char* name, double& value, double low, double high, const char* help) {
        options.number(flag(name), value, low, high, help);
    }
    void integers(const char* name, std::vector<int64_t>& values, int64_t low, int64_t high,
                  const char* help) {
        options.integers(flag(name), values, low, high, help);
    }
    void text(const char* name, std::string& value, const char* help, const char* kind = "NAME") {
        options.text(flag(name), value, kind, help);
    }
    template <class T>
    void choice(const char* name, T& value, const Choices<T>& choices, const char* help) {
        options.choice(flag(name), value, choices, help);
    }
};

/// Writes each setting as text under its name.
struct WriteSetting {
    std::map<std::string, std::string>& into;

    void integer(const char* name, int64_t value, int64_t, int64_t, const char*) {
        into[name] = std::to_string(value);
    }
    void number(const char* name, double value, double, double, const char*) {
        into[name] = exact_text(value);
    }
    void integers(const char* name, const std::vector<int64_t>& values, int64_t, int64_t,
                  const char*) {
        std::string& text = into[name];
        for (int64_t value : values)
            text.append(text.empty() ? "" : ",").append(std::to_string(value));
    }
    void text(const char* name, const std::string& value, const char*, const char* = "") {
        into[name] = value;
    }
    template <class T>
    void choice(const char* name, T value, const Choices<T>& choices, const char*) {
        for (const auto& [text, choice] : choices)
            if (choice == value) into[name] = text;
    }
};

/// Reads each setting from such a text; what is missing keeps its value, for a checkpoint may be
/// older than a setting. Throws Error naming `source` and what is not a number, not a choice or out
/// of range.
struct ReadSetting {
    const std::map<std::string, std::string>& stored;
    const std::string& source;

    const std::string* find(const char* name) const {
        const auto found = stored.find(name);
        return found == stored.end() ? nullptr : &found->second;
    }
    std::string what(const char* name) const { return source + ": setting '" + name + "'"; }

    /// Written so that a value that is not a number is out of range.
    template <class T>
    T within(T value, T low, T high, const char* name) const {
        if (!(value >= low && value <= high))
            throw Error(what(name) + " is out of range: " + stored.at(name));
        return value;
    }

    void integer(const char* name, int64_t& value, int64_t low, int64_t high, const char*) {
        if (const auto* text = find(name))
            value = within(integer_from(*text, what(name)), low, high, name);
    }
    void number(const char* name, double& value, double low, double high, const char*) {
        if (const auto* text = find(name))
            value = within(number_from(*text, what(name)), low, high, name);
    }
    void integers(const char* name, std::vector<int64_t>& values, int64_t low, int64_t high,
                  const char*) {
        const auto* text = find(name);
        if (!text) return;
        values.clear();
        std::istringstream list(*text);
        for (std::string item; std::getline(list, item, ',');)
            values.push_back(within(integer_from(item, what(name)), low, high, name));
    }
    void text(const char* name, std::string& value, const char*, const char* = "") {
        if (const auto* text = find(name)) value = *text;
    }
    template <class T>
    void choice(const char* name, T& value, const Choices<T>& choices, const char*) {
        const auto* text = find(name);
        if (!text) return;
        const auto found = std::find_if(choices.begin(), choices.end(),
                                        [&](const auto& c) { return c.first == *text; });
        if (found == choices.end()) throw Error(what(name) + " has no choice '" + *text + "'");
        value = found->second;
    }
};

}  // namespace mdn
