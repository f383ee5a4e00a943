// Blocking and threads of the matrix product C = alpha·A·B + beta·C + bias.
//
// A and B are anything that can copy a block of itself into panels: a matrix, its transpose, the
// patches of an image under a convolution. So the product and the convolution are one code, and the
// patch matrix of a convolution never exists: only the block in work does, in cache.
//
//   C is cut into blocks of rows, and wide or short problems also into blocks of columns: a task
//   for one thread each. A task goes along k in steps of at most block_depth. For each step it
//   packs its rows of A (up to 450 KiB: they stay in the second-level cache) and runs through B's
//   panels (of at most 48 KiB, streamed once per task) and, for each, through the rows of A,
//   tile_rows at a time (multiply_tile).
//
// Every number of C is summed by one thread in an order that depends on the sizes and the number of
// threads only, so a run can be repeated bit for bit.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/cpu/gemm_kernel.h"
#include "engine/threads.h"

namespace mdn {

/// Memory for packed panels: one block a thread and a purpose, grown when needed and kept until
/// the thread ends, so that a training step allocates none.
enum class Workspace { panels_of_a, panels_of_b, shared_b, partial_sums, point_values, count };
void* workspace_bytes(Workspace purpose, int64_t bytes);
template <class T>
T* workspace(Workspace purpose, int64_t count) {
    return static_cast<T*>(workspace_bytes(purpose, count * static_cast<int64_t>(sizeof(T))));
}

/// C and what is done to a product on its way there. `rows` gives the start of row i.
template <class T, class Rows>
struct GemmOutput {
    Rows rows;
    T alpha = 1, beta = 0;
    const T* bias = nullptr;
    const Finish<T>* finish = nullptr;
};

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// [0, count) in `parts` contiguous pieces as equal as they can be.
struct Partition {
    int64_t count, parts;
    int64_t begin(int64_t part) const { return count * part / parts; }
    int64_t end(int64_t part) const { return count * (part + 1) / parts; }
};

/// The steps along k: as few as `most` of them at a time allow, of equal length.
struct DepthSteps {
    explicit DepthSteps(int64_t k, int64_t most = block_depth)
        : k(k),
          count(std::max<int64_t>(1, ceil_div(k, most))),
          depth(ceil_div(ceil_div(k, count), 16) * 16) {}
    int64_t begin(int64_t step) const { return std::min(k, step * depth); }
    int64_t length(int64_t step) const { return std::min(k, (step + 1) * depth) - begin(step); }
    int64_t k, count, depth;
};

/// How many threads are worth waking for so many multiplications.
inline int64_t threads_for(int64_t products) { return products > 500000 ? threads() : 1; }

/// Calls body(i) for each of [0, count) as a share of its own.
template <class F>
void share_each(int64_t threads, int64_t count, F&& body) {
    if (threads > 1) return run_shares(count, body);
    for (int64_t i = 0; i < count; ++i) body(i);
}

/// Calls body(begin, end) on pieces of [0, count), four per thread: pieces of small and equal work.
template <class F>
void share_evenly(int64_t threads, int64_t count, F&& body) {
    const Partition pieces{count, threads == 1 ? 1 : std::min(count, 4 * threads)};
    run_shares(pieces.parts, [&](int64_t piece) { body(pieces.begin(piece), pieces.end(piece)); });
}

/// Most panels of A in one task: they stay in the second-level cache beside a panel of B.
inline constexpr int64_t max_task_panels = 288 / tile_rows;

/// Multiplies the panels of A [rows, depth] and of B [depth, columns] into C at (0, column).
template <class T, PanelLayout layout>
void multiply_block(int64_t rows, int64_t column, int64_t columns, int64_t depth,
                    const PanelsOfA<T>& a, const T* b, T* const* c_rows, T alpha, T beta,
                    const T* bias, const Finish<T>* finish = nullptr) {
    // Each tile asks for another part of the panel of B after its own, so that it is at hand in
    // time; where the parts are more than the panel has, for the same again.
    const int64_t panel = std::max<int64_t>(1, tile_width<T> * depth);
    for (int64_t j = 0; j < columns; j += tile_width<T>)
        for (int64_t i = 0; i < rows; i += tile_rows) {
            const TileOutput<T> out = {
                c_rows + i,
                column + j,
                static_cast<int>(std::min<int64_t>(tile_rows, rows - i)),
                static_cast<int>(std::min<int64_t>(tile_width<T>, columns - j)),
                alpha,
                beta,
                bias,
                finish};
            const T* const ahead =
                b + (j + tile_width<T>)*depth + i / tile_rows * asked_ahead<T>(depth) % panel;
            multiply_tile<T, layout>(depth, a.data + i / tile_rows * a.panel_stride, a.stride,
                                     b + j * depth, ahead, out);
        }
}

/// Row starts of C for rows [begin, end), as multiply_tile wants them.
template <class T>
struct RowPointers {
    T* at[max_task_panels * tile_rows];
    template <class Rows>
    RowPointers(const Rows& rows, int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) at[i - begin] = rows(i);
    }
};

/// Packed B beyond this is packed and used in several goes, so that it stays in the outer caches.
inline constexpr int64_t shared_b_bytes = 2 << 20;

/// The product with B packed once for all tasks: for a B that many rows of A meet.
///
/// A: `static constexpr PanelLayout layout` and `panels(row, rows, k, depth, T* buffer)`, which
/// packs panels of tile_rows rows, panel_size<T> apart, or finds them in A itself. B: `pack(k,
/// depth, column, columns, T* panel)`, which fills `depth` rows of one panel, panel_width(columns)
/// apart.
template <class T, class A, class B, class Rows>
void gemm_shared_b(int64_t m, int64_t n, int64_t k, const A& a, const B& b,
                   const GemmOutput<T, Rows>& out) {
    if (m == 0 || n == 0) return;
    const DepthSteps steps(k);
    const int64_t row_panels = ceil_div(m, tile_rows), column_panels = ceil_div(n, tile_width<T>);
    const int64_t padded_n = ceil_div(n, lanes<T>) * lanes<T>;
    const int64_t step_bytes = padded_n * steps.depth * static_cast<int64_t>(sizeof(T));
    const int64_t group_steps =
        std::max<int64_t>(1, shared_b_bytes / std::max<int64_t>(1, step_bytes));
    T* const packed_b =
        workspace<T>(Workspace::shared_b, padded_n * std::min(k, group_steps * steps.depth));
    // As many row blocks as threads can share evenly; column blocks only if rows are too few.
    const int64_t threads = threads_for(m * n * k);
    const int64_t wanted = ceil_div(ceil_div(row_panels, max_task_panels), threads) * threads;
    const Partition by_rows{row_panels, std::min(row_panels, wanted)};
    const Partition by_columns{column_panels,
                               std::min(column_panels, ceil_div(threads, by_rows.parts))};
    for (int64_t first = 0; first < steps.count; first += group_steps) {
        const int64_t last = std::min(first + group_steps, steps.count);
        const int64_t group_begin = steps.begin(first);
        share_evenly(threads, (last - first) * column_panels, [&](int64_t job, int64_t end_job) {
            for (; job < end_job; ++job) {
                const int64_t begin = steps.begin(first + job / column_panels);
                const int64_t depth = steps.length(first + job / column_panels);
                const int64_t column = job % column_panels * tile_width<T>;
                b.pack(begin, depth, column, std::min<int64_t>(tile_width<T>, n - column),
                       packed_b + (begin - group_begin) * padded_n + column * depth);
            }
        });
        share_each(threads, by_rows.parts * by_columns.parts, [&](int64_t task) {
            T* const packed_a =
                workspace<T>(Workspace::panels_of_a, max_task_panels * panel_size<T>);
            const int64_t row_part = task / by_columns.parts;
            const int64_t column_part = task % by_columns.parts;
            const int64_t row = by_rows.begin(row_part) * tile_rows;
            const int64_t row_end = std::min(m, by_rows.end(row_part) * tile_rows);
            const int64_t column = by_columns.begin(column_part) * tile_width<T>;
            const int64_t column_end = std::min(n, by_columns.end(column_part) * tile_width<T>);
            const RowPointers<T> c(out.rows, row, row_end);
            for (int64_t step = first; step < last; ++step) {
                const int64_t begin = steps.begin(step), depth = steps.length(step);
                multiply_block<T, A::layout>(
                    row_end - row, column, column_end - column, depth,
                    a.panels(row, row_end - row, begin, depth, packed_a),
                    packed_b + (begin - group_begin) * padded_n + column * depth, c.at, out.alpha,
                    step == 0 ? out.beta : T{1}, step == 0 ? out.bias : nullptr,
                    step + 1 == steps.count ? out.finish : nullptr);
            }
        });
    }
}

/// How gemm_long_k cuts its work. A block of A is packed once per step for all the columns of its
/// task, so tasks are wide; where that leaves the threads too little to share, k is split as long
/// as each part keeps a few steps, and only then the columns.
struct LongKTasks {
    LongKTasks(int64_t row_panels, int64_t column_panels, int64_t steps, int64_t threads)
        : rows{row_panels, ceil_div(row_panels, max_task_panels)},
          depth{steps, threads == 1
                           ? 1
                           : std::clamp<int64_t>(4 * threads / rows.parts, 1, ceil_div(steps, 2))},
          columns{column_panels,
                  std::min(column_panels,
                           threads == 1 ? 1 : ceil_div(2 * threads, rows.parts * depth.parts))} {}
    int64_t tiles() const { return rows.parts * columns.parts; }
    int64_t count() const { return tiles() * depth.parts; }
    Partition rows, depth, columns;
};

/// Columns of B that gemm_long_k packs at a time.
template <class T>
inline constexpr int64_t gemm_long_k_chunk = 4 * tile_width<T>;

/// The product where k is long and B is met by few rows of A, as in weight gradients: B is packed
/// by each task for itself, in blocks that stay in cache, and where k is split the partial sums
/// are added in order. C is contiguous, [m,n]; alpha 1, beta 0.
///
/// A as in gemm_shared_b. B: `pack(k, depth, column, columns, T* panels)`, which fills panels of
/// tile_width columns (the last: panel_width), one after another.
template <class T, class A, class B>
void gemm_long_k(int64_t m, int64_t n, int64_t k, const A& a, const B& b, T* c) {
    if (m == 0 || n == 0) return;
    constexpr int64_t chunk = gemm_long_k_chunk<T>;
    const DepthSteps steps(k);
    const int64_t threads = threads_for(m * n * k);
    const LongKTasks tasks(ceil_div(m, tile_rows), ceil_div(n, tile_width<T>), steps.count,
                           threads);
    T* const partial = workspace<T>(Workspace::partial_sums, (tasks.depth.parts - 1) * m * n);
    const auto do_task = [&](int64_t task) {
        T* const packed_a = workspace<T>(Workspace::panels_of_a, max_task_panels * panel_size<T>);
        T* const packed_b = workspace<T>(Workspace::panels_of_b, chunk * block_depth);
        const int64_t depth_part = task / tasks.tiles();
        const int64_t row_part = task % tasks.tiles() / tasks.columns.parts;
        const int64_t column_part = task % tasks.columns.parts;
        const int64_t row = tasks.rows.begin(row_part) * tile_rows;
        const int64_t row_end = std::min(m, tasks.rows.end(row_part) * tile_rows);
        const int64_t column = tasks.columns.begin(column_part) * tile_width<T>;
        const int64_t column_end = std::min(n, tasks.columns.end(column_part) * tile_width<T>);
        const int64_t first_step = tasks.depth.begin(depth_part);
        T* const target = depth_part == 0 ? c : partial + (depth_part - 1) * m * n;
        const RowPointers<T> rows([=](int64_t i) { return target + i * n; }, row, row_end);
        for (int64_t step = first_step; step < tasks.depth.end(depth_part); ++step) {
            const int64_t begin = steps.begin(step), depth = steps.length(step);
            const PanelsOfA<T> panels = a.panels(row, row_end - row, begin, depth, packed_a);
            for (int64_t j = column; j < column_end; j += chunk) {
                const int64_t width = std::min(chunk, column_end - j);
                b.pack(begin, depth, j, width, packed_b);
                multiply_block<T, A::layout>(row_end - row, j, width, depth, panels, packed_b,
                                             rows.at, T{1}, step == first_step ? T{0} : T{1},
                                             static_cast<const T*>(nullptr));
            }
        }
    };
    share_each(threads, tasks.count(), do_task);
    if (tasks.depth.parts == 1) return;
    share_evenly(threads, m * n, [&](int64_t begin, int64_t end) {
        for (int64_t part = 1; part < tasks.depth.parts; ++part) {
            const T* share = partial + (part - 1) * m * n;
            for (int64_t i = begin; i < end; ++i) c[i] += share[i];
        }
    });
}

}  // namespace mdn
