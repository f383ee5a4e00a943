#include "engine/nearest_name.h"

#include <algorithm>
#include <cctype>
#include <cstddef>

namespace mdn {

namespace {

/// Longer names are no slips of each other, and comparing them would take long.
constexpr size_t longest = 100;

std::string without_dashes(const std::string& name) {
    std::string text = name.substr(std::min(name.find_first_not_of('-'), name.size()));
    for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
}

/// Of two texts: what turns one into the other, a swap of neighbours counting as one.
size_t edits(const std::string& a, const std::string& b) {
    std::vector<std::vector<size_t>> least(a.size() + 1, std::vector<size_t>(b.size() + 1));
    for (size_t i = 0; i <= a.size(); ++i) {
        for (size_t j = 0; j <= b.size(); ++j) {
            if (i == 0 || j == 0) {
                least[i][j] = i + j;
                continue;
            }
            least[i][j] = std::min({least[i - 1][j] + 1, least[i][j - 1] + 1,
                                    least[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                least[i][j] = std::min(least[i][j], least[i - 2][j - 2] + 1);
        }
    }
    return least[a.size()][b.size()];
}

}  // namespace

std::string nearest_name(const std::string& name, const std::vector<std::string>& known) {
    const std::string wanted = without_dashes(name);
    if (wanted.empty() || wanted.size() > longest) return "";
    std::string nearest;
    size_t fewest = longest;
    for (const std::string& candidate : known) {
        const std::string text = without_dashes(candidate);
        if (text.size() > longest) continue;
        const size_t count = edits(wanted, text);
        const size_t most = std::max(wanted.size(), text.size()) / 3;
        if (count > std::max<size_t>(most, 1) || count >= std::max(wanted.size(), text.size()))
            continue;
        if (count < fewest) {
            fewest = count;
            nearest = candidate;
        }
    }
    return nearest;
}

std::string did_you_mean(const std::string& name, const std::vector<std::string>& known,
                         const std::string& otherwise) {
    const std::string nearest = nearest_name(name, known);
    return nearest.empty() ? otherwise : "did you mean '" + nearest + "'? " + otherwise;
}

std::string comma_separated(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text.append(text.empty() ? "" : ", ").append(name);
    return text;
}

}  // namespace mdn
