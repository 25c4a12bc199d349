// Which cells fired in the last step, as lists in shared memory, and the sums of their weights.
#pragma once

#include "kernels/resident_memory.cuh"
#include "kernels/unroll.cuh"

namespace spikeweave::SW_DEVICE {

// One bit for each of 32 neurons from `first` on: those of begin, begin + 1, ..., begin + count - 1.
__device__ __forceinline__ unsigned mask_between(std::size_t begin, std::size_t count, unsigned first) {
  const auto bits_before = [first](std::size_t neuron) {
    const int bits = static_cast<int>(static_cast<unsigned>(neuron) - first);  // of few neurons: see fit_resident()
    return bits >= 32 ? 0xffffffffu : (1u << max(bits, 0)) - 1u;
  };
  return bits_before(begin + count) & ~bits_before(begin);
}

// A word of the spikes of the last step. Other blocks of a grid write into global memory: past the SM's own cache.
__device__ __forceinline__ unsigned read_word(const ResidentShape& shape, const unsigned* word) {
  return shape.exchange == Exchange::grid ? __ldcg(word) : *word;
}

// Spikes of a trial, in their order.
struct SpikeTotals {
  unsigned resident = 0;  // whose weights are in shared memory: the first ones
  unsigned all = 0;
};

// What a lane needs to list the 32 neurons of a word.
struct ListedWord {
  unsigned first_row;  // of the projection; wraps around where the projection begins within the word
  unsigned mask;       // those of the projection
  unsigned resident;   // those with weights in shared memory
  unsigned block_row;  // the first one's row of weights there
};

// The rows of a projection in shared memory.
struct BlockRows {
  unsigned begin;
  unsigned count;
};

__device__ __forceinline__ ListedWord listed_word(const ResidentShape& shape, const ProjectionView<float>& p,
                                                  const BlockRows& rows, unsigned word) {
  const unsigned words_per_tile = shape.width() / 32;
  const unsigned first = word / words_per_tile * shape.tile + word % words_per_tile * 32;
  const unsigned first_row = first - static_cast<unsigned>(p.pre_begin);
  return {first_row, mask_between(p.pre_begin, p.pre_count, first), mask_between(p.pre_begin, rows.count, first),
          rows.begin + first_row};
}

// Lists which of 32 x 32 neurons fired, behind those of `totals`; adds them there. bits: of the word of each lane, in
// order. Listed is the row of a cell; where its weights are in shared memory, where they begin there.
__device__ __forceinline__ void list_words(const ResidentShape& shape, unsigned bits, const ListedWord& word,
                                           unsigned skip, std::uint16_t* list, SpikeTotals& totals) {
  const unsigned lane = threadIdx.x % 32;
  bits &= word.mask;
  const unsigned own = static_cast<unsigned>(__popc(bits));
  const unsigned own_resident = static_cast<unsigned>(__popc(bits & word.resident));
  unsigned up_to_own = own_resident << 16 | own;  // inclusive prefix sums over the warp, at most 1024 each
  SW_UNROLL(5)
  for (unsigned delta = 1; delta < 32; delta *= 2) {
    const unsigned other = __shfl_up_sync(0xffffffffu, up_to_own, delta);
    if (lane >= delta) up_to_own += other;
  }
  unsigned place = totals.all + (up_to_own & 0xffffu) - own - skip;  // wraps around below skip
  SW_UNROLL(1)
  for (; bits != 0; bits &= bits - 1, ++place) {
    const unsigned lowest = bits & (0u - bits);
    const unsigned place_in_word = static_cast<unsigned>(__ffs(static_cast<int>(bits))) - 1u;
    const bool is_resident = (lowest & word.resident) != 0;
    const unsigned entry = is_resident ? (word.block_row + place_in_word) * shape.tile : word.first_row + place_in_word;
    if (place < shape.listed) list[place] = static_cast<std::uint16_t>(entry);
  }
  const unsigned sums = __shfl_sync(0xffffffffu, up_to_own, 31);
  totals.resident += sums >> 16;
  totals.all += sums & 0xffffu;
}

// Lists the spikes of a trial, of more than 32 words. words: of the trial.
__device__ __forceinline__ void list_many_words(const ResidentShape& shape, const unsigned* words,
                                                const ProjectionView<float>& p, const BlockRows& rows, unsigned skip,
                                                std::uint16_t* list, SpikeTotals& totals) {
  constexpr unsigned loads = 4;  // words of a lane under way at once
  const unsigned lane = threadIdx.x % 32;
  SW_UNROLL(1)
  for (unsigned begin = lane; begin - lane < shape.words(); begin += 32 * loads) {
    unsigned bits[loads];
    SW_UNROLL(4)
    for (unsigned n = 0; n < loads; ++n) {
      const unsigned word = begin + 32 * n;
      bits[n] = word < shape.words() ? read_word(shape, &words[word]) : 0u;
    }
    SW_UNROLL(4)
    for (unsigned n = 0; n < loads; ++n) {
      const unsigned word = begin + 32 * n;
      if (word - lane >= shape.words()) continue;  // for the whole warp
      list_words(shape, bits[n], listed_word(shape, p, rows, word), skip, list, totals);
    }
  }
}

// Lists, for each trial that runs, which pre cells of the projection fired: those that come after the first `skip`.
// A warp lists a trial. Returns whether one of this warp's trials has still
// more.
__device__ __forceinline__ bool list_spikes(const ResidentShape& shape, const ResidentMemory& memory,
                                            const unsigned* words, const ProjectionView<float>& p,
                                            const BlockRows& rows, unsigned t, unsigned skip) {
  const unsigned lane = threadIdx.x % 32;
  const unsigned word_count = shape.words();
  const ListedWord own = listed_word(shape, p, rows, lane);  // of few words, the same for all trials
  bool has_more = false;
  SW_UNROLL(1)
  for (unsigned s = threadIdx.x / 32; s < shape.trials(); s += blockDim.x / 32) {
    if (t >= memory.ends[s]) continue;
    SpikeTotals totals;
    std::uint16_t* const list = memory.list + s * shape.listed;
    if (word_count <= 32) {
      const unsigned bits = lane < word_count ? read_word(shape, &words[s * word_count + lane]) : 0u;
      list_words(shape, bits, own, skip, list, totals);
    } else {
      list_many_words(shape, words + s * word_count, p, rows, skip, list, totals);
    }
    const auto here = [&](unsigned total) {
      return static_cast<std::uint16_t>(total > skip ? min(total - skip, shape.listed) : 0u);
    };
    if (lane == 0) memory.counts[s] = {here(totals.resident), here(totals.all)};
    has_more = has_more || totals.all > skip + shape.listed;
  }
  return has_more;
}

// A thread's neuron, and its trials in the slice.
struct Task {
  std::size_t neuron;
  bool is_neuron;  // not of the padding, and in a population
  unsigned lane;   // of the trials
  const PopulationEntry* population;

  __device__ __forceinline__ unsigned slot(unsigned k, const ResidentShape& shape) const {
    return k * shape.lanes + lane;
  }
};

// The weights into a neuron, in global memory.
struct WeightColumn {
  const float* first;
  unsigned stride;  // bytes from a row to the next: an address is one multiply-add

  __device__ __forceinline__ float at(unsigned row) const {
    const auto* const bytes = reinterpret_cast<const unsigned char*>(first);
    return *reinterpret_cast<const float*>(bytes + std::size_t{row} * stride);
  }
};

// offset + 4 x the lower or the upper half of `cells`: one instruction.
template <bool is_upper>
__device__ __forceinline__ unsigned offset_of(unsigned cells, unsigned offset) {
#if defined(SW_EMULATED)
  return offset + 4 * (is_upper ? cells >> 16 : cells & 0xffffu);
#else
  return __dp2a_lo(cells, is_upper ? 0x0400u : 0x0004u, offset);
#endif
}

// The weights into a neuron in shared memory. What is listed of a cell is where its row of weights begins there.
struct ResidentColumn {
  const float* weights;  // of the block
  unsigned offset;       // of the neuron in a row [bytes]

  // Adds the weights of eight listed cells in their order.
  __device__ __forceinline__ float add_eight(float sum, const uint4& cells) const {
    const unsigned pair[4] = {cells.x, cells.y, cells.z, cells.w};
    float weight[8];
    SW_UNROLL(4)
    for (unsigned n = 0; n < 4; ++n) {
      weight[2 * n] = at(offset_of<false>(pair[n], offset));
      weight[2 * n + 1] = at(offset_of<true>(pair[n], offset));
    }
    SW_UNROLL(8)
    for (unsigned n = 0; n < 8; ++n) sum = sum + weight[n];
    return sum;
  }
  // Adds the weights of listed cells in their order, read eight at a time: in the last ones row 0, whose -0 changes no
  // sum, stands for what is beyond the list.
  __device__ __forceinline__ float add(float sum, const std::uint16_t* list, unsigned count) const {
    const auto* const eights = reinterpret_cast<const uint4*>(list);
    unsigned n = 0;
    SW_UNROLL(1)
    for (; n < count / 8; ++n) sum = add_eight(sum, eights[n]);
    if (count % 8 == 0) return sum;
    uint4 cells = eights[n];
    const int left = static_cast<int>(count % 8);
    cells.x &= first_of_pair(left);
    cells.y &= first_of_pair(left - 2);
    cells.z &= first_of_pair(left - 4);
    cells.w &= first_of_pair(left - 6);
    return add_eight(sum, cells);
  }

 private:
  __device__ __forceinline__ float at(unsigned bytes) const {
    return *reinterpret_cast<const float*>(reinterpret_cast<const unsigned char*>(weights) + bytes);
  }
  // The bits of the first `count` cells of two.
  __device__ __forceinline__ static unsigned first_of_pair(int count) {
    return count >= 2 ? 0xffffffffu : count == 1 ? 0xffffu : 0u;
  }
};

// Adds the thread's weights of the listed cells, in each of its trials that run. resident: of the first rows, the
// others are in `all`.
template <unsigned per_thread>
__device__ __forceinline__ void add_listed(const ResidentShape& shape, const ResidentMemory& memory, const Task& task,
                                           unsigned t, const unsigned (&ends)[per_thread],
                                           const ResidentColumn& resident, const WeightColumn& all,
                                           float (&sum)[per_thread]) {
  // Weights of global memory under way at once: as many as there are registers for beside the states of the trials.
  constexpr unsigned loads = 24 / per_thread;
  SW_UNROLL(4)
  for (unsigned k = 0; k < per_thread; ++k) {
    if (t >= ends[k]) continue;
    const unsigned slot = task.slot(k, shape);
    const std::uint16_t* const list = memory.list + slot * shape.listed;
    const ListCounts counts = memory.counts[slot];
    sum[k] = resident.add(sum[k], list, counts.resident);
    if (counts.all == counts.resident) continue;
    const std::uint16_t* const others = list + counts.resident;
    sum[k] = add_in_order<loads>(sum[k], counts.all - counts.resident, [&](unsigned n) { return all.at(others[n]); });
  }
}

// Adds, for each projection in order, the weights of the cells that fired in ascending order.
template <unsigned per_thread>
__device__ __forceinline__ void add_recurrent(const ForwardViews& views, const ResidentShape& shape,
                                              const ResidentMemory& memory, const unsigned* words, const PostTile& tile,
                                              const Task& task, unsigned t, const unsigned (&ends)[per_thread],
                                              float (&sum)[per_thread]) {
  const ResidentColumn resident{memory.weights, static_cast<unsigned>((task.neuron - tile.begin) * sizeof(float))};
  BlockRows rows{.begin = 1, .count = 0};
  bool is_listed = false;
  for (std::size_t index = 0; index < views.recurrent.count; ++index) {
    const ProjectionView<float>& p = views.recurrent.at[index];
    if (!tile.meets(p)) continue;
    rows.count = resident_rows(p, shape.rows + 1 - rows.begin);
    const bool is_target = task.is_neuron && task.neuron >= p.post_begin && task.neuron < p.post_begin + p.post_count;
    bool has_more = true;
    for (unsigned skip = 0; has_more; skip += shape.listed) {
      if (is_listed) __syncthreads();  // the last list has been read
      // The list is there; has_more is the same for the block.
      has_more = __syncthreads_or(list_spikes(shape, memory, words, p, rows, t, skip) ? 1 : 0) != 0;
      is_listed = true;
      if (!is_target) continue;
      const WeightColumn all{p.weights + (task.neuron - p.post_begin),
                             static_cast<unsigned>(p.post_count * sizeof(float))};
      add_listed(shape, memory, task, t, ends, resident, all, sum);
    }
    rows.begin += rows.count;
  }
}

}  // namespace spikeweave::SW_DEVICE
