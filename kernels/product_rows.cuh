// What the kernels that sum a gradient share: rows of K = batch * steps, and writing a tile of sums.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/pre_cells.cuh"
#include "kernels/sum_parts.cuh"

namespace spikeweave::SW_DEVICE {

// A row of K: step t of a trial.
struct Row {
  std::size_t trial, t;

  __device__ __forceinline__ static Row at(std::size_t index, const StepWindow& window) {
    const std::size_t steps = window.end - window.begin;
    return {index / steps, window.begin + index % steps};
  }
  // The row so many further on.
  __device__ __forceinline__ Row operator+(std::size_t rows) const { return {trial, t + rows}; }
  __device__ __forceinline__ Row within(const StepWindow& window) const {
    Row row = *this;
    for (; row.t >= window.end; ++row.trial) row.t -= window.end - window.begin;
    return row;
  }
  // Whether the trial has both steps that the row pairs.
  __device__ __forceinline__ bool is_pair(const OuterProductArgs<float>& args) const {
    const std::size_t pre_delay = args.projection.delay - args.post_delay;
    return t >= pre_delay && t >= args.post_delay && static_cast<std::int64_t>(t) < args.length[trial];
  }
};

// What pre cell `pre` of the projection sends into a row that is a pair.
template <class T>
__device__ __forceinline__ float pre_value(const OuterProductArgs<float>& args, const PreCells<T>& cells,
                                           const Row& row, std::size_t pre) {
  const std::size_t pre_delay = args.projection.delay - args.post_delay;
  return cells.at(row.trial, static_cast<unsigned>(row.t - pre_delay)).at(args.projection.pre_begin + pre);
}
__device__ __forceinline__ float post_value(const OuterProductArgs<float>& args, const Row& row, std::size_t post) {
  return args.post(row.trial, row.t - args.post_delay, args.projection.post_begin + post);
}

// Writes the sum of a synapse as its part of the gradient; of none, beyond the cells of the projection: nothing.
__device__ __forceinline__ void write_sum(const OuterProductArgs<float>& args, const Part& part, std::size_t pre,
                                          std::size_t post, float sum) {
  const ProjectionView<float>& p = args.projection;
  if (pre >= p.pre_count || post >= p.post_count) return;
  if (args.zero_diagonal && p.pre_begin + pre == p.post_begin + post) sum = 0.0f;
  const std::size_t synapse = pre * p.post_count + post;
  if (part.count == 1) {
    args.gradient[synapse] += args.scale * sum;
  } else {
    part.sums[blockIdx.z * p.pre_count * p.post_count + synapse] = sum;
  }
}

}  // namespace spikeweave::SW_DEVICE
