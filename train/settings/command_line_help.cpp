// The help text of one subcommand.
#include <algorithm>
#include <sstream>

#include "train/output/format.h"
#include "train/settings/command_line.h"
#include "train/settings/command_line_entry.h"

namespace mdn {

namespace {

constexpr size_t text_width = 100, help_column = 34;

/// "  --lr X [0.001]                  learning rate …", wrapped behind the column of the help.
std::string row(const std::string& left, const std::string& help) {
    std::string text = "  " + left, margin(help_column, ' ');
    size_t column = text.size();
    if (column + 2 > help_column) {
        text += "\n" + margin;
    } else {
        text.resize(help_column, ' ');
    }
    column = help_column;
    std::istringstream words(help);
    for (std::string word; words >> word;) {
        if (column > help_column && column + 1 + word.size() > text_width) {
            text += "\n" + margin;
            column = help_column;
        }
        if (column > help_column) {
            text += " ";
            ++column;
        }
        text += word;
        column += word.size();
    }
    return text + "\n";
}

}  // namespace

std::string CommandLine::requirement_of(const OptionEntry& entry) const {
    for (const Requirement& requirement : requirements_) {
        std::string others;
        bool concerns_it = false;
        for (const std::string& flag : requirement.flags) {
            if (find(flag) == &entry)
                concerns_it = true;
            else
                others.append(others.empty() ? "" : " or ").append(flag);
        }
        if (!concerns_it) continue;
        std::string text = others.empty() ? "REQUIRED" : "this or " + others + " REQUIRED";
        if (!requirement.unless.empty()) text += " unless " + requirement.unless;
        if (!requirement.beside.empty()) text += " with " + requirement.beside;
        return text;
    }
    return "";
}

std::string CommandLine::help() const {
    std::string text = summary_ + "\nUsage: " + program_, arguments, options;
    for (const auto& entry : entries_) {
        const std::string requirement = requirement_of(*entry);
        if (requirement == "REQUIRED") text.append(" ").append(entry->usage());
        std::string left = entry->name();
        for (size_t i = 1; i < entry->names.size(); ++i) left.append(", ").append(entry->names[i]);
        if (!entry->is_flag() && entry->kind != entry->name()) left.append(" ").append(entry->kind);
        if (!entry->initial.empty()) left.append(" [").append(entry->initial).append("]");
        (entry->is_positional() ? arguments : options) += row(
            left, entry->help + (requirement.empty() ? "" : format(" (%s)", requirement.c_str())));
    }
    text += " [OPTIONS]\n";
    if (!arguments.empty()) text += "\nArguments:\n" + arguments;
    text += "\nOptions:\n" + row("-h, --help", "print this text") + options;
    return text + "\n" + footer_;
}

}  // namespace mdn
