// Visitors of settings. A struct lists its settings once, and each visitor does one thing with all
// of them: declares their options, writes them to a checkpoint, reads them from one, or reads them
// from a config file.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "engine/error.h"
#include "train/output/number_text.h"
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
    void boolean(const char* name, bool& value, const char* help) {
        options.flag(flag(name), value, help);
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
    void boolean(const char* name, bool value, const char*) {
        into[name] = value ? "true" : "false";
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
    void boolean(const char* name, bool& value, const char* help) {
        choice(name, value, Choices<bool>{{"true", true}, {"false", false}}, help);
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

/// Overwrites what a JSON object holds and leaves the rest.
struct ReadJsonSetting {
    const nlohmann::json& object;
    const std::string& source;

    const nlohmann::json* find(const char* name) const {
        const auto found = object.find(name);
        return found == object.end() ? nullptr : &*found;
    }
    [[noreturn]] void fail(const std::string& name, const std::string& message) const {
        throw Error(source + ": training." + name + " must be " + message);
    }
    int64_t integer_of(const nlohmann::json& json, const std::string& name, int64_t low,
                       int64_t high) const {
        if (!json.is_number_integer())
            fail(name, std::string("an integer, not ") +
                           (json.is_number() ? json.dump() : json.type_name()));
        // Beyond int64 are only unsigned numbers, all of them too large.
        const bool huge =
            json.is_number_unsigned() && json.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX);
        if (huge || json.get<int64_t>() < low || json.get<int64_t>() > high)
            fail(name, "from " + std::to_string(low) + " to " + std::to_string(high) + ", not " +
                           json.dump());
        return json.get<int64_t>();
    }

    void integer(const char* name, int64_t& value, int64_t low, int64_t high, const char*) const {
        if (const nlohmann::json* json = find(name)) value = integer_of(*json, name, low, high);
    }
    void number(const char* name, double& value, double low, double high, const char*) const {
        const nlohmann::json* json = find(name);
        if (!json) return;
        if (!json->is_number()) fail(name, std::string("a number, not ") + json->type_name());
        value = json->get<double>();
        if (value >= low && value <= high) return;
        std::ostringstream text;
        text << "from " << low << " to " << high << ", not " << json->dump();
        fail(name, text.str());
    }
    void integers(const char* name, std::vector<int64_t>& values, int64_t low, int64_t high,
                  const char*) const {
        const nlohmann::json* json = find(name);
        if (!json) return;
        if (!json->is_array())
            fail(name, std::string("a list of integers, not ") + json->type_name());
        values.clear();
        for (const nlohmann::json& item : *json) {
            std::string place = name;
            place.append("[").append(std::to_string(values.size())).append("]");
            values.push_back(integer_of(item, place, low, high));
        }
    }
    void text(const char* name, std::string& value, const char*, const char* = "") const {
        const nlohmann::json* json = find(name);
        if (!json) return;
        if (!json->is_string()) fail(name, std::string("a name, not ") + json->type_name());
        value = json->get<std::string>();
    }
    void boolean(const char* name, bool& value, const char*) const {
        const nlohmann::json* json = find(name);
        if (!json) return;
        if (!json->is_boolean()) fail(name, std::string("true or false, not ") + json->type_name());
        value = json->get<bool>();
    }
    template <class T>
    void choice(const char* name, T& value, const Choices<T>& choices, const char*) const {
        const nlohmann::json* json = find(name);
        if (!json) return;
        std::string names;
        for (const auto& [choice, meaning] : choices) {
            if (*json == choice) {
                value = meaning;
                return;
            }
            names.append(names.empty() ? "" : ", ").append(choice);
        }
        fail(name, "one of " + names + ", not " + json->dump());
    }
};

}  // namespace mdn
