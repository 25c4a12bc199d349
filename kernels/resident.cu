// Floor of a step: a spike's row of weights from shared memory, N / group 4 bytes for each block and trial, at 128
// bytes per clock (at 64 where the row is in the L2 cache); 4 bytes of input current and 5 of spike and psi per neuron
// and trial; one barrier of the group.
#include "kernels/resident.cuh"

#include "kernels/cooperative.cuh"
#include "kernels/launch.cuh"
#include "kernels/resident_memory.cuh"
#include "kernels/unroll.cuh"

namespace spikeweave::SW_DEVICE {
namespace {

// One bit for each of 32 neurons from `first` on: those of begin, begin + 1, ..., begin + count - 1.
__device__ __forceinline__ unsigned mask_between(std::size_t begin, std::size_t count, std::size_t first) {
  const auto bits_before = [first](std::size_t neuron) {
    const std::size_t bits = neuron > first ? neuron - first : 0;
    return bits >= 32 ? 0xffffffffu : (1u << bits) - 1u;
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

// Lists which of 32 x 32 neurons fired, behind those of `totals`; adds them there. bits: of 32 neurons from `first` on,
// for each lane, the last lane's being the last. rows: of the projection, in shared memory.
__device__ __forceinline__ void list_words(unsigned bits, std::size_t first, const ProjectionView<float>& p,
                                           unsigned rows, unsigned skip, unsigned listed, std::uint16_t* list,
                                           SpikeTotals& totals) {
  const unsigned lane = threadIdx.x % 32;
  const unsigned own = static_cast<unsigned>(__popc(bits));
  const unsigned own_resident = static_cast<unsigned>(__popc(bits & mask_between(p.pre_begin, rows, first)));
  unsigned up_to_own = own_resident << 16 | own;  // inclusive prefix sums over the warp, at most 1024 each
  for (unsigned delta = 1; delta < 32; delta *= 2) {
    const unsigned other = __shfl_up_sync(0xffffffffu, up_to_own, delta);
    if (lane >= delta) up_to_own += other;
  }
  unsigned place = totals.all + (up_to_own & 0xffffu) - own - skip;  // wraps around below skip
  const auto first_row = static_cast<unsigned>(first - p.pre_begin);
  for (; bits != 0; bits &= bits - 1, ++place) {
    const unsigned row = first_row + static_cast<unsigned>(__ffs(static_cast<int>(bits))) - 1u;
    if (place < listed) list[place] = static_cast<std::uint16_t>(row);
  }
  const unsigned sums = __shfl_sync(0xffffffffu, up_to_own, 31);
  totals.resident += sums >> 16;
  totals.all += sums & 0xffffu;
}

// Lists, for each trial that runs, which pre cells of the projection fired: those that come after the first `skip`.
// A warp lists a trial. rows: of the projection, in shared memory. Returns whether one of this warp's trials has still
// more.
__device__ __forceinline__ bool list_spikes(const ResidentShape& shape, const ResidentMemory& memory,
                                            const unsigned* words, const ProjectionView<float>& p, unsigned rows,
                                            unsigned t, unsigned skip) {
  constexpr unsigned loads = 4;  // words of a lane under way at once
  const unsigned lane = threadIdx.x % 32;
  const unsigned words_per_tile = shape.width() / 32;
  bool has_more = false;
  for (unsigned s = threadIdx.x / 32; s < shape.trials(); s += blockDim.x / 32) {
    if (t >= memory.ends[s]) continue;
    SpikeTotals totals;
    for (unsigned begin = lane; begin - lane < shape.words(); begin += 32 * loads) {
      unsigned bits[loads];
      SW_UNROLL(4)
      for (unsigned n = 0; n < loads; ++n) {
        const unsigned word = begin + 32 * n;
        bits[n] = word < shape.words() ? read_word(shape, &words[s * shape.words() + word]) : 0u;
      }
      SW_UNROLL(4)
      for (unsigned n = 0; n < loads; ++n) {
        const unsigned word = begin + 32 * n;
        if (word - lane >= shape.words()) continue;  // for the whole warp
        const std::size_t first = word / words_per_tile * shape.tile + word % words_per_tile * 32;
        list_words(bits[n] & mask_between(p.pre_begin, p.pre_count, first), first, p, rows, skip, shape.listed,
                   memory.list + s * shape.listed, totals);
      }
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

// The weights into a neuron, in shared or in global memory.
struct WeightColumn {
  const float* first;
  unsigned stride;  // bytes from a row to the next: an address is one multiply-add

  __device__ __forceinline__ float at(unsigned row) const {
    const auto* const bytes = reinterpret_cast<const unsigned char*>(first);
    return *reinterpret_cast<const float*>(bytes + std::size_t{row} * stride);
  }
};

// Adds the weights of up to eight listed cells in their order.
__device__ __forceinline__ float add_eight(float sum, const std::uint16_t* list, unsigned count,
                                           const WeightColumn& column) {
  const uint4 cells = *reinterpret_cast<const uint4*>(list);
  const unsigned row[8] = {cells.x & 0xffffu, cells.x >> 16, cells.y & 0xffffu, cells.y >> 16,
                           cells.z & 0xffffu, cells.z >> 16, cells.w & 0xffffu, cells.w >> 16};
  float weight[8];
  SW_UNROLL(8)
  for (unsigned n = 0; n < 8; ++n) weight[n] = n < count ? column.at(row[n]) : 0.0f;
  SW_UNROLL(8)
  for (unsigned n = 0; n < 8; ++n) sum = n < count ? sum + weight[n] : sum;
  return sum;
}

// Adds the weights of listed cells in their order; they are in shared memory, and read eight at a time.
__device__ __forceinline__ float add_resident(float sum, const std::uint16_t* list, unsigned count,
                                              const WeightColumn& column) {
  unsigned first = 0;
  for (; first + 8 <= count; first += 8) sum = add_eight(sum, list + first, 8, column);
  return first < count ? add_eight(sum, list + first, count - first, column) : sum;
}

// Adds the thread's weights of the listed cells, in each of its trials that run. resident: of the first rows, the
// others are in `all`.
template <unsigned per_thread>
__device__ __forceinline__ void add_listed(const ResidentShape& shape, const ResidentMemory& memory, const Task& task,
                                           unsigned t, const WeightColumn& resident, const WeightColumn& all,
                                           float (&sum)[per_thread]) {
  // Weights of global memory under way at once: as many as there are registers for beside the states of the trials.
  constexpr unsigned loads = 32 / per_thread;
  SW_UNROLL(4)
  for (unsigned k = 0; k < per_thread; ++k) {
    const unsigned slot = task.slot(k, shape);
    if (t >= memory.ends[slot]) continue;
    const std::uint16_t* const list = memory.list + slot * shape.listed;
    const ListCounts counts = memory.counts[slot];
    sum[k] = add_resident(sum[k], list, counts.resident, resident);
    const std::uint16_t* const others = list + counts.resident;
    sum[k] = add_in_order<loads>(sum[k], counts.all - counts.resident, [&](unsigned n) { return all.at(others[n]); });
  }
}

// Adds, for each projection in order, the weights of the cells that fired in ascending order.
template <unsigned per_thread>
__device__ __forceinline__ void add_recurrent(const ForwardViews& views, const ResidentShape& shape,
                                              const ResidentMemory& memory, const unsigned* words, const PostTile& tile,
                                              const Task& task, unsigned t, float (&sum)[per_thread]) {
  const float* block_weights = memory.weights;
  unsigned rows_left = shape.rows;
  bool is_listed = false;
  for (std::size_t index = 0; index < views.recurrent.count; ++index) {
    const ProjectionView<float>& p = views.recurrent.at[index];
    if (!tile.meets(p)) continue;
    const unsigned rows = resident_rows(p, rows_left);
    const bool is_target = task.is_neuron && task.neuron >= p.post_begin && task.neuron < p.post_begin + p.post_count;
    bool has_more = true;
    for (unsigned skip = 0; has_more; skip += shape.listed) {
      if (is_listed) __syncthreads();  // the last list has been read
      // The list is there; has_more is the same for the block.
      has_more = __syncthreads_or(list_spikes(shape, memory, words, p, rows, t, skip) ? 1 : 0) != 0;
      is_listed = true;
      if (!is_target) continue;
      const WeightColumn resident{block_weights + (task.neuron - tile.begin), shape.tile * unsigned{sizeof(float)}};
      const WeightColumn all{p.weights + (task.neuron - p.post_begin),
                             static_cast<unsigned>(p.post_count * sizeof(float))};
      add_listed(shape, memory, task, t, resident, all, sum);
    }
    block_weights += rows * shape.tile;
    rows_left -= rows;
  }
}

// exchange_sync() in two: what lies between overlaps the waiting, and its accesses are not ordered. Returns what
// exchange_wait() takes.
__device__ __forceinline__ unsigned exchange_arrive(Exchange exchange) {
  if (exchange == Exchange::grid) return grid_arrive();
  if (exchange == Exchange::cluster) cluster_arrive();
  return 0;
}

__device__ __forceinline__ void exchange_wait(Exchange exchange, unsigned arrival) {
  if (exchange == Exchange::block) {
    __syncthreads();
  } else if (exchange == Exchange::cluster) {
    cluster_wait();
  } else {
    grid_wait(arrival);
  }
}

__device__ __forceinline__ void exchange_sync(Exchange exchange) {
  if (exchange == Exchange::block) {
    __syncthreads();
  } else if (exchange == Exchange::cluster) {
    cluster_sync();
  } else {
    grid_sync();
  }
}

// Tells the group which neurons of this warp fired in trial `slot` of the slice. words: of the step and slice.
__device__ __forceinline__ void publish(const ResidentShape& shape, unsigned* words, unsigned slot, unsigned rank,
                                        bool fired) {
  const unsigned lane = threadIdx.x % 32;
  const unsigned bits = __ballot_sync(0xffffffffu, fired ? 1 : 0);
  const unsigned own = shape.width() / 32 * rank + threadIdx.x % shape.width() / 32;
  unsigned* const word = &words[slot * shape.words() + own];
  if (shape.exchange == Exchange::cluster) {
    if (lane < shape.group) *cluster_shared(word, lane) = bits;
  } else if (lane == 0) {
    *word = bits;
  }
}

// One slice of the trials through all steps of the window.
template <unsigned per_thread>
__device__ __forceinline__ void run_slice(const ForwardViews& views, const ResidentShape& shape,
                                          const ResidentMemory& memory, const CurrentRows& currents,
                                          const PostTile& tile, const Task& task, unsigned rank,
                                          std::size_t first_trial) {
  const auto begin = static_cast<unsigned>(views.window.begin);
  const auto trial_of = [&](unsigned k) { return first_trial + task.slot(k, shape); };
  for (unsigned s = threadIdx.x; s < shape.trials(); s += blockDim.x) {
    const std::size_t trial = first_trial + s;
    memory.ends[s] = trial < views.batch ? static_cast<unsigned>(views.window.end_in(views.running_steps(trial))) : 0u;
  }
  __syncthreads();  // the ends are there
  // Blocks of a grid meet at every step, whichever slices they run.
  unsigned end = shape.exchange == Exchange::grid ? static_cast<unsigned>(views.window.end) : 0u;
  for (unsigned s = 0; s < shape.trials(); ++s) end = max(end, memory.ends[s]);

  Cells<per_thread> cells;
  std::uint32_t spike_count[per_thread] = {};
  if (task.is_neuron) cells.load(*task.population, task.neuron - task.population->begin);
  const auto state_index = [&](unsigned k) {
    return trial_of(k) * task.population->count + (task.neuron - task.population->begin);
  };
  SW_UNROLL(4)
  for (unsigned k = 0; k < per_thread; ++k) {
    if (begin == 0) continue;
    const bool is_there = task.is_neuron && trial_of(k) < views.batch;
    if (is_there) cells.resume(k, *task.population, state_index(k));
    if (is_there) spike_count[k] = views.spike_count(trial_of(k), task.neuron);
    const bool is_running = is_there && begin < memory.ends[task.slot(k, shape)];
    publish(shape, memory.words_of(begin - 1, shape), task.slot(k, shape), rank,
            is_running && views.spikes(trial_of(k), begin - 1, task.neuron) != 0);
  }
  if (begin > 0) exchange_sync(shape.exchange);  // the spikes before the window are there

  float current[per_thread];
  const auto read_currents = [&](unsigned t) {
    SW_UNROLL(4)
    for (unsigned k = 0; k < per_thread; ++k) {
      const bool is_running = task.is_neuron && t < memory.ends[task.slot(k, shape)];
      current[k] = is_running ? currents.at(trial_of(k), t, task.neuron) : 0.0f;
    }
  };
  read_currents(begin);
  for (unsigned t = begin; t < end; ++t) {
    float recurrent[per_thread] = {};
    if (t > 0) add_recurrent(views, shape, memory, memory.words_of(t - 1, shape), tile, task, t, recurrent);
    StepOutput<float> output[per_thread];
    SW_UNROLL(4)
    for (unsigned k = 0; k < per_thread; ++k) {
      output[k] = {};
      const std::size_t trial = trial_of(k);
      if (t >= memory.ends[task.slot(k, shape)]) continue;  // for the whole warp
      if (task.is_neuron) {
        const StepInput<float> in{current[k] + recurrent[k], 0, views.forced_spike(trial, t, task.neuron)};
        output[k] = cells.step(k, in, views.noise, trial, t, task.neuron);
      }
      const bool fired = output[k].spike != 0.0f;
      spike_count[k] += fired ? 1u : 0u;
      publish(shape, memory.words_of(t, shape), task.slot(k, shape), rank, fired);
    }
    // Only the published words wait for each other: what goes to global memory, and comes from there, does not.
    const unsigned arrival = exchange_arrive(shape.exchange);
    SW_UNROLL(4)
    for (unsigned k = 0; k < per_thread; ++k) {
      const bool is_running = task.is_neuron && t < memory.ends[task.slot(k, shape)];
      if (is_running) views.write(trial_of(k), t, task.neuron, /*is_rate=*/false, output[k]);
    }
    read_currents(t + 1);
    exchange_wait(shape.exchange, arrival);  // the spikes of this step are there, and its lists have been read
  }

  SW_UNROLL(4)
  for (unsigned k = 0; k < per_thread; ++k) {
    if (!task.is_neuron || trial_of(k) >= views.batch) continue;
    cells.store(k, *task.population, state_index(k));
    views.spike_count(trial_of(k), task.neuron) = spike_count[k];
  }
  __syncthreads();  // the ends have been read: the next slice has its own
}

// Block: a tile of the neurons, for one slice of the trials after the other. Thread: a neuron in `per_thread` trials,
// their states in registers.
template <unsigned per_thread>
__global__ void __launch_bounds__(resident_block, 1)
    resident_kernel(ForwardViews views, ResidentShape shape, CurrentRows currents, unsigned* grid_words) {
  const unsigned rank = blockIdx.x % shape.group;
  const unsigned group = blockIdx.x / shape.group;
  const ResidentMemory memory = place_memory(shape, grid_words, group);
  const PostTile tile = tile_of(shape, rank, views.neuron_count);
  const std::size_t neuron = tile.begin + threadIdx.x % shape.width();
  const unsigned population = views.populations.find(neuron);
  const bool is_neuron = neuron < tile.end && population < views.populations.count;
  const Task task{neuron, is_neuron, threadIdx.x / shape.width(), &views.populations.at[is_neuron ? population : 0]};

  load_weights(views.recurrent, shape, tile, memory.weights);
  exchange_sync(shape.exchange);  // the weights are there, and all blocks of the group have started
  const std::size_t slices = (views.batch + shape.trials() - 1) / shape.trials();
  const std::size_t rounds = (slices + shape.groups - 1) / shape.groups;
  for (std::size_t round = 0; round < rounds; ++round) {
    run_slice<per_thread>(views, shape, memory, currents, tile, task, rank,
                          (round * shape.groups + group) * shape.trials());
  }
}

LaunchConfig launch_config(const ResidentShape& shape) {
  return {.grid = dim3(shape.group * shape.groups),
          .block = dim3(shape.width() * shape.lanes),
          .dynamic_shared_bytes = shape.shared_bytes(),
          .cluster = shape.exchange == Exchange::cluster ? shape.group : 1u,
          .cooperative = shape.exchange == Exchange::grid};
}

}  // namespace

unsigned clusters_at_once(const ResidentShape& shape) {
  return max_active_clusters(launch_config(shape), resident_kernel<4>);
}

void run_resident(Context& context, const ForwardViews& views, const ResidentShape& shape,
                  const CurrentRows& currents) {
  unsigned* grid_words = nullptr;
  if (shape.exchange == Exchange::grid) {
    grid_words = context.tables.get<unsigned>(2 * std::size_t{shape.groups} * shape.trials() * shape.words(),
                                              "spikes of one step");
  }
  LaunchConfig config = launch_config(shape);
  config.stream = context.stream;
  switch (shape.per_thread) {
    case 1:
      return launch(config, resident_kernel<1>, views, shape, currents, grid_words);
    case 2:
      return launch(config, resident_kernel<2>, views, shape, currents, grid_words);
    case 3:
      return launch(config, resident_kernel<3>, views, shape, currents, grid_words);
    default:
      return launch(config, resident_kernel<4>, views, shape, currents, grid_words);
  }
}

}  // namespace spikeweave::SW_DEVICE
