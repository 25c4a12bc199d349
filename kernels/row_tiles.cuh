// Products for many rows, each a step of a trial: a block has a tile of rows and one of columns, a thread up to 8 x 8
// sums. While a stage of both factors is multiplied the next one is on its way. Each sum runs over k in ascending
// order, whatever the tile, so that the choice of a tile changes no bit.
#pragma once

#include <cstddef>

#include "kernels/launch.cuh"
#include "kernels/neuron_range.cuh"
#include "kernels/operations.cuh"
#include "kernels/unroll.cuh"

namespace spikeweave::SW_DEVICE {

constexpr unsigned row_block = 256;  // threads: 16 along each side of the tile
constexpr unsigned row_depth = 16;   // numbers k of a stage

// each: rows and columns of a thread, in fours that lie 64 apart, or fewer than four.
template <unsigned rows_each, unsigned columns_each>
struct RowTiles {
  static constexpr unsigned rows = 16 * rows_each, columns = 16 * columns_each;
  static constexpr unsigned padding = 4;  // against bank conflicts; fours stay aligned
  static constexpr unsigned blocks_at_once = rows_each * columns_each <= 16 ? 3 : 2;  // of a multiprocessor

  struct alignas(16) Stage {
    float left[row_depth][rows + padding];
    float right[row_depth][columns + padding];
  };
  using Sums = float[rows_each][columns_each];

  // Where in the tile number n of the thread's rows and columns is.
  __device__ __forceinline__ static unsigned own_row(unsigned n) { return place(threadIdx.x / 16, n, rows_each); }
  __device__ __forceinline__ static unsigned own_column(unsigned n) { return place(threadIdx.x % 16, n, columns_each); }

  // What a thread loads of a stage: number k of the row or column `line`, for n < each. Of factors that lie along k:
  __device__ __forceinline__ static unsigned line_along_k(unsigned n) { return threadIdx.x / 16 + 16 * n; }
  __device__ __forceinline__ static unsigned k_along_k() { return threadIdx.x % 16; }
  // and of a right factor that lies along the columns.
  __device__ __forceinline__ static unsigned line_along_columns() { return threadIdx.x % columns; }
  __device__ __forceinline__ static unsigned k_along_columns(unsigned n) {
    return threadIdx.x / columns + row_block / columns * n;
  }

  // sum += left * right over k in [0, count). left(n, k), along k, and right(n, k): the number that the thread loads
  // as number n of its share, k beyond count too. is_fused: one rounding for product and sum.
  template <bool is_fused, bool is_right_along_k, class Left, class Right>
  __device__ __forceinline__ static void multiply(unsigned count, const Left& left, const Right& right,
                                                  Stage (&stages)[2], Sums& sum) {
    if (count == 0) return;
    decltype(left(0u, 0u)) left_share[rows_each];
    float right_share[columns_each];
    const auto fetch_left = [&](unsigned first) {
      SW_UNROLL(8)
      for (unsigned n = 0; n < rows_each; ++n) left_share[n] = left(n, first + k_along_k());
    };
    const auto fetch_right = [&](unsigned first) {
      SW_UNROLL(8)
      for (unsigned n = 0; n < columns_each; ++n) {
        right_share[n] = right(n, first + (is_right_along_k ? k_along_k() : k_along_columns(n)));
      }
    };
    const auto put_left = [&](Stage& stage) {
      SW_UNROLL(8)
      for (unsigned n = 0; n < rows_each; ++n) {
        stage.left[k_along_k()][line_along_k(n)] = static_cast<float>(left_share[n]);
      }
    };
    const auto put_right = [&](Stage& stage) {
      SW_UNROLL(8)
      for (unsigned n = 0; n < columns_each; ++n) {
        if constexpr (is_right_along_k) {
          stage.right[k_along_k()][line_along_k(n)] = right_share[n];
        } else {
          stage.right[k_along_columns(n)][line_along_columns()] = right_share[n];
        }
      }
    };
    fetch_left(0);
    fetch_right(0);
    __syncthreads();  // the stages of an earlier product have been read
    put_left(stages[0]);
    put_right(stages[0]);
    __syncthreads();  // the first stage is filled
    unsigned filled = 0;
    SW_UNROLL(1)
    for (unsigned first = row_depth; first < count; first += row_depth, filled ^= 1) {
      Stage& next = stages[filled ^ 1];
      fetch_left(first);  // under way during the products; one factor at a time takes fewer registers
      add_products<is_fused>(stages[filled], 0, sum);
      put_left(next);
      fetch_right(first);
      add_products<is_fused>(stages[filled], row_depth / 2, sum);
      put_right(next);
      __syncthreads();  // the next stage is filled, and this one has been read
    }
    add_products<is_fused>(stages[filled], 0, sum);
    add_products<is_fused>(stages[filled], row_depth / 2, sum);
  }

 private:
  __device__ __forceinline__ static unsigned place(unsigned thread, unsigned n, unsigned each) {
    return each < 4 ? thread * each + n : thread * 4 + n / 4 * 64 + n % 4;
  }

  template <unsigned each>
  __device__ __forceinline__ static void read(const float* line, unsigned thread, float (&own)[each]) {
    static_assert(each < 4 || each % 4 == 0);
    if constexpr (each < 4) {
      SW_UNROLL(4)
      for (unsigned n = 0; n < each; ++n) own[n] = line[place(thread, n, each)];
    } else {
      SW_UNROLL(2)
      for (unsigned n = 0; n < each; n += 4) {
        const float4 four = *reinterpret_cast<const float4*>(line + place(thread, n, each));
        own[n] = four.x, own[n + 1] = four.y, own[n + 2] = four.z, own[n + 3] = four.w;
      }
    }
  }

  // Half of a stage, from number k = first on.
  template <bool is_fused>
  __device__ __forceinline__ static void add_products(const Stage& stage, unsigned first, Sums& sum) {
    SW_UNROLL(8)
    for (unsigned k = 0; k < row_depth / 2; ++k) {
      float left[rows_each], right[columns_each];
      read(stage.left[first + k], threadIdx.x / 16, left);
      read(stage.right[first + k], threadIdx.x % 16, right);
      SW_UNROLL(8)
      for (unsigned i = 0; i < rows_each; ++i) {
        SW_UNROLL(8)
        for (unsigned j = 0; j < columns_each; ++j) {
          sum[i][j] = is_fused ? __fmaf_rn(left[i], right[j], sum[i][j]) : sum[i][j] + left[i] * right[j];
        }
      }
    }
  }
};

// Calls visit with the largest tile that gives each multiprocessor a block, and that the columns fill.
template <class Visitor>
void with_row_tiles(const Context& context, std::size_t rows, std::size_t columns, Visitor&& visit) {
  using Wide = RowTiles<8, 8>;
  const std::size_t wide_tiles = (rows + Wide::rows - 1) / Wide::rows * ((columns + Wide::columns - 1) / Wide::columns);
  if (columns <= 32) return visit.template operator()<RowTiles<4, 1>>();
  if (columns <= 64 || wide_tiles < context.device.multiprocessors) return visit.template operator()<RowTiles<4, 4>>();
  visit.template operator()<Wide>();
}

// Block b has tile b % columns of the columns and tile b / columns of the rows.
template <class Tiles>
LaunchConfig row_tiles_config(const Context& context, std::size_t rows, std::size_t columns) {
  const std::size_t column_tiles = (columns + Tiles::columns - 1) / Tiles::columns;
  const std::size_t row_tiles = (rows + Tiles::rows - 1) / Tiles::rows;
  SW_EXPECTS(rows < std::size_t{1} << 31 && row_tiles * column_tiles < std::size_t{1} << 31,
             "a product has 2^31 rows or more");
  return {.grid = dim3(static_cast<unsigned>(row_tiles * column_tiles)),
          .block = dim3(row_block),
          .stream = context.stream};
}
// The projections of a product, in the order of its sums; weights: [pre_count, post_count].
struct RowProjection {
  const float* weights;
  unsigned pre_begin, pre_count, post_begin, post_count, delay;
};
struct RowProjections {
  unsigned count = 0;
  RowProjection at[2 * ProjectionList<float>::capacity];

  void add(const ProjectionView<float>& p, const float* weights) {
    const auto number = [](std::size_t n) { return static_cast<unsigned>(n); };
    at[count++] = {weights,        number(p.pre_begin), number(p.pre_count), number(p.post_begin), number(p.post_count),
                   number(p.delay)};
  }
};

// Which tile of [rows, columns of a range] a block has. It lives in shared memory, for the sums leave no registers for
// what is needed after them: SW_SHARED(TilePlace, place, 1).
struct TilePlace {
  unsigned first_row, begin, end;  // begin, end: of the columns, counted as the range is

  // All threads of the block call it; a barrier follows before the place is read.
  template <class Tiles>
  __device__ __forceinline__ void find(const NeuronRange& range) {
    if (threadIdx.x != 0) return;
    const unsigned count = static_cast<unsigned>(range.count), first = static_cast<unsigned>(range.begin);
    const unsigned column_tiles = (count + Tiles::columns - 1) / Tiles::columns;
    first_row = blockIdx.x / column_tiles * Tiles::rows;
    begin = first + blockIdx.x % column_tiles * Tiles::columns;
    end = min(begin + Tiles::columns, first + count);
  }
};

}  // namespace spikeweave::SW_DEVICE
