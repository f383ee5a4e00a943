#include "train/graph/layered_layout.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace mdn {

namespace {

/// A box, or the bend of a wire in a row that it passes.
struct Place {
    size_t row;
    double width;
    double x = 0;
    std::vector<size_t> above, below;  // neighbours in the next rows
};

using Row = std::vector<size_t>;

double middle(const std::vector<Place>& places, const std::vector<size_t>& neighbours) {
    double sum = 0;
    for (const size_t neighbour : neighbours) sum += places[neighbour].x;
    return sum / static_cast<double>(neighbours.size());
}

/// Crossings of the wires between a row and the one below, whose places know their order as x.
int64_t crossings(const std::vector<Place>& places, const Row& row) {
    std::vector<std::pair<double, double>> wires;
    for (const size_t place : row)
        for (const size_t below : places[place].below)
            wires.emplace_back(places[place].x, places[below].x);
    int64_t count = 0;
    for (size_t i = 0; i < wires.size(); ++i)
        for (size_t j = 0; j < i; ++j)
            count += (wires[i].first - wires[j].first) * (wires[i].second - wires[j].second) < 0;
    return count;
}

void number(std::vector<Place>& places, const Row& row) {
    for (size_t i = 0; i < row.size(); ++i) places[row[i]].x = static_cast<double>(i);
}

/// Puts places with few crossings side by side.
void order_rows(std::vector<Place>& places, std::vector<Row>& rows) {
    for (const Row& row : rows) number(places, row);
    const auto all_crossings = [&] {
        int64_t count = 0;
        for (const Row& row : rows) count += crossings(places, row);
        return count;
    };
    std::vector<Row> best = rows;
    int64_t fewest = all_crossings();
    for (int sweep = 0; sweep < 12 && fewest > 0; ++sweep) {
        const bool down = sweep % 2 == 0;
        for (size_t i = 0; i < rows.size(); ++i) {
            Row& row = rows[down ? i : rows.size() - 1 - i];
            const auto key = [&](size_t place) {
                const auto& neighbours = down ? places[place].above : places[place].below;
                return neighbours.empty() ? places[place].x : middle(places, neighbours);
            };
            std::vector<std::pair<double, size_t>> keyed;
            for (const size_t place : row) keyed.emplace_back(key(place), place);
            std::stable_sort(keyed.begin(), keyed.end(),
                             [](const auto& a, const auto& b) { return a.first < b.first; });
            for (size_t j = 0; j < row.size(); ++j) row[j] = keyed[j].second;
            number(places, row);
        }
        if (const int64_t count = all_crossings(); count < fewest) {
            fewest = count;
            best = rows;
        }
    }
    rows = best;
}

/// The x closest to `wanted` (least squares) that grow by at least steps[i] from i to i+1: blocks
/// of places that touch move as one, to the mean of what their members want.
std::vector<double> spread_out(const std::vector<double>& wanted,
                               const std::vector<double>& steps) {
    struct Block {
        double sum = 0;
        size_t count = 0;
        double mean() const { return sum / static_cast<double>(count); }
    };
    const size_t places = wanted.size();
    std::vector<double> offset(places, 0);
    for (size_t i = 1; i < places; ++i) offset[i] = offset[i - 1] + steps[i - 1];
    std::vector<Block> blocks(places);  // the first `used`, from left to right
    size_t used = 0;
    for (size_t i = 0; i < places; ++i) {
        blocks[used++] = {wanted[i] - offset[i], 1};
        for (; used > 1 && blocks[used - 2].mean() > blocks[used - 1].mean(); --used) {
            blocks[used - 2].sum += blocks[used - 1].sum;
            blocks[used - 2].count += blocks[used - 1].count;
        }
    }
    std::vector<double> x(places);
    for (size_t block = 0, i = 0; block < used; ++block)
        for (size_t end = i + blocks[block].count; i < end; ++i)
            x[i] = blocks[block].mean() + offset[i];
    return x;
}

void place_rows(std::vector<Place>& places, const std::vector<Row>& rows, const LayoutGaps& gaps,
                size_t boxes) {
    std::vector<std::vector<double>> steps;
    for (const Row& row : rows) {
        steps.emplace_back();
        for (size_t i = 1; i < row.size(); ++i) {
            const bool beside_bend = row[i] >= boxes || row[i - 1] >= boxes;
            steps.back().push_back((places[row[i]].width + places[row[i - 1]].width) / 2 +
                                   (beside_bend ? gaps.bend : gaps.across));
        }
        double x = 0;
        for (size_t i = 0; i < row.size(); ++i)
            places[row[i]].x = x += i > 0 ? steps.back()[i - 1] : 0;
    }
    for (int sweep = 0; sweep < 24; ++sweep)
        for (size_t i = 0; i < rows.size(); ++i) {
            const size_t r = sweep % 2 == 0 ? i : rows.size() - 1 - i;
            std::vector<double> wanted;
            for (const size_t index : rows[r]) {
                const Place& place = places[index];
                // The last sweeps look both ways.
                std::vector<size_t> neighbours = sweep % 2 == 0 ? place.above : place.below;
                if (sweep >= 16 || neighbours.empty()) {
                    neighbours = place.above;
                    neighbours.insert(neighbours.end(), place.below.begin(), place.below.end());
                }
                wanted.push_back(neighbours.empty() ? place.x : middle(places, neighbours));
            }
            const std::vector<double> x = spread_out(wanted, steps[r]);
            for (size_t j = 0; j < x.size(); ++j) places[rows[r][j]].x = x[j];
        }
}

}  // namespace

Layout lay_out(const Diagram& diagram, const std::vector<BoxSize>& sizes, const LayoutGaps& gaps) {
    const size_t boxes = diagram.boxes.size();
    Layout layout;
    if (boxes == 0) return layout;
    // 1. Rows. Boxes are in topological order, so one pass over them settles all.
    std::vector<size_t> row_of(boxes, 0);
    std::vector<std::vector<size_t>> readers(boxes);
    for (const GraphWire& wire : diagram.wires)
        for (const size_t to : wire.to)
            if (to > wire.from) readers[wire.from].push_back(to);
    for (size_t box = 0; box < boxes; ++box)
        for (const size_t to : readers[box]) row_of[to] = std::max(row_of[to], row_of[box] + 1);
    // A box that reads nothing stands right above its first reader.
    std::vector<bool> reads(boxes, false);
    for (const auto& each : readers)
        for (const size_t to : each) reads[to] = true;
    for (size_t box = 0; box < boxes; ++box) {
        if (reads[box] || readers[box].empty()) continue;
        size_t first = row_of[readers[box].front()];
        for (const size_t to : readers[box]) first = std::min(first, row_of[to]);
        row_of[box] = first - 1;
    }

    // 2. Bends.
    std::vector<Place> places;
    for (size_t box = 0; box < boxes; ++box)
        places.push_back({.row = row_of[box], .width = sizes[box].width, .above = {}, .below = {}});
    const auto connect = [&](size_t above, size_t below) {
        places[above].below.push_back(below);
        places[below].above.push_back(above);
    };
    std::vector<std::vector<std::vector<size_t>>> passed(diagram.wires.size());
    for (size_t w = 0; w < diagram.wires.size(); ++w) {
        const GraphWire& wire = diagram.wires[w];
        for (const size_t to : wire.to) {
            std::vector<size_t> path = {wire.from};
            if (to > wire.from)
                for (size_t row = row_of[wire.from] + 1; row < row_of[to]; ++row) {
                    places.push_back({.row = row, .width = 2, .above = {}, .below = {}});
                    path.push_back(places.size() - 1);
                }
            path.push_back(to);
            if (to > wire.from)
                for (size_t i = 1; i < path.size(); ++i) connect(path[i - 1], path[i]);
            passed[w].push_back(std::move(path));
        }
    }
    std::vector<Row> rows(1 + *std::max_element(row_of.begin(), row_of.end()));
    for (size_t place = 0; place < places.size(); ++place) rows[places[place].row].push_back(place);

    // 3. and 4.
    order_rows(places, rows);
    place_rows(places, rows, gaps, boxes);
    double left = places.front().x, right = left;
    for (const Place& place : places) {
        left = std::min(left, place.x - place.width / 2);
        right = std::max(right, place.x + place.width / 2);
    }
    layout.width = right - left;

    std::vector<double> top(rows.size(), 0), height(rows.size(), 0);
    for (size_t box = 0; box < boxes; ++box)
        height[row_of[box]] = std::max(height[row_of[box]], sizes[box].height);
    for (size_t row = 1; row < rows.size(); ++row)
        top[row] = top[row - 1] + height[row - 1] + gaps.down;
    layout.height = top.back() + height.back();
    const auto centre = [&](size_t place) {
        return LayoutPoint{places[place].x - left,
                           top[places[place].row] + height[places[place].row] / 2};
    };
    for (size_t box = 0; box < boxes; ++box) layout.centres.push_back(centre(box));
    for (const auto& wire : passed) {
        layout.paths.emplace_back();
        for (const std::vector<size_t>& path : wire) {
            std::vector<LayoutPoint> points;
            const auto add = [&](size_t place, double y) {
                points.push_back({centre(place).x, y});
            };
            add(path.front(), centre(path.front()).y + sizes[path.front()].height / 2);
            // A wire passes a row straight down.
            for (size_t i = 1; i + 1 < path.size(); ++i) {
                const size_t row = places[path[i]].row;
                add(path[i], top[row]);
                add(path[i], top[row] + height[row]);
            }
            add(path.back(), centre(path.back()).y - sizes[path.back()].height / 2);
            layout.paths.back().push_back(std::move(points));
        }
    }
    return layout;
}

}  // namespace mdn
