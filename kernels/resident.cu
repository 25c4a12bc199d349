// Floor of a step: a spike's row of weights from shared memory, N / group 4 bytes for each block and trial, at 128
// bytes per clock; 4 bytes of input current and 5 of spike and psi per neuron and trial; one barrier of the group.
#include "kernels/resident.cuh"

#include "kernels/cooperative.cuh"
#include "kernels/launch.cuh"
#include "kernels/resident_memory.cuh"
#include "kernels/unroll.cuh"

namespace spikeweave::SW_DEVICE {
namespace {

// One bit for each of 32 neurons from `first` on that the projection reads.
__device__ __forceinline__ unsigned pre_mask(const ProjectionView<float>& p, std::size_t first) {
  const auto bits_before = [first](std::size_t neuron) {
    const std::size_t count = neuron > first ? neuron - first : 0;
    return count >= 32 ? 0xffffffffu : (1u << count) - 1u;
  };
  return bits_before(p.pre_begin + p.pre_count) & ~bits_before(p.pre_begin);
}

// A word of the spikes of the last step. Other blocks of a grid write into global memory: past the SM's own cache.
__device__ __forceinline__ unsigned read_word(const ResidentShape& shape, const unsigned* word) {
  return shape.exchange == Exchange::grid ? __ldcg(word) : *word;
}

// Lists, for each trial that runs, which pre cells of the projection fired: those that come after the first `skip`.
// A warp lists a trial. Returns whether one of this warp's trials has still more.
__device__ bool list_spikes(const ResidentShape& shape, const ResidentMemory& memory, const unsigned* words,
                            const ProjectionView<float>& p, unsigned t, unsigned skip) {
  const unsigned lane = threadIdx.x % 32;
  const unsigned words_per_tile = shape.width() / 32;
  bool has_more = false;
  for (unsigned s = threadIdx.x / 32; s < shape.trials(); s += blockDim.x / 32) {
    if (t >= memory.ends[s]) continue;
    unsigned total = 0;
    for (unsigned first = 0; first < shape.words(); first += 32) {
      const unsigned word = first + lane;
      const std::size_t neuron = word / words_per_tile * shape.tile + word % words_per_tile * 32;
      unsigned bits =
          word < shape.words() ? read_word(shape, &words[s * shape.words() + word]) & pre_mask(p, neuron) : 0u;
      unsigned up_to_own = static_cast<unsigned>(__popc(bits));  // inclusive prefix sum over the warp
      unsigned position = total - up_to_own;
      for (unsigned delta = 1; delta < 32; delta *= 2) {
        const unsigned other = __shfl_up_sync(0xffffffffu, up_to_own, delta);
        if (lane >= delta) up_to_own += other;
      }
      for (position += up_to_own; bits != 0; bits &= bits - 1, ++position) {
        const unsigned place = position - skip;  // wraps around below skip
        const auto row = static_cast<unsigned>(neuron - p.pre_begin) + static_cast<unsigned>(__ffs(bits)) - 1u;
        if (place < shape.listed) memory.list[s * shape.listed + place] = static_cast<std::uint16_t>(row);
      }
      total += __shfl_sync(0xffffffffu, up_to_own, 31);
    }
    if (lane == 0) memory.counts[s] = total > skip ? min(total - skip, shape.listed) : 0u;
    has_more = has_more || total > skip + shape.listed;
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

// Adds the thread's weights of the listed cells, in each of its trials that run. column: of the thread's neuron.
template <unsigned per_thread>
__device__ __forceinline__ void add_listed(const ResidentShape& shape, const ResidentMemory& memory, const Task& task,
                                           unsigned t, const float* column, std::size_t stride,
                                           float (&sum)[per_thread]) {
  SW_UNROLL(4)
  for (unsigned k = 0; k < per_thread; ++k) {
    const unsigned slot = task.slot(k, shape);
    if (t >= memory.ends[slot]) continue;
    const std::uint16_t* const list = memory.list + slot * shape.listed;
    const unsigned count = memory.counts[slot];
    SW_UNROLL(4)
    for (unsigned n = 0; n < count; ++n) sum[k] = sum[k] + column[list[n] * stride];
  }
}

// Adds, for each projection in order, the weights of the cells that fired in ascending order.
template <unsigned per_thread>
__device__ __forceinline__ void add_recurrent(const ForwardViews& views, const ResidentShape& shape,
                                              const ResidentMemory& memory, const unsigned* words, const PostTile& tile,
                                              const Task& task, unsigned t, float (&sum)[per_thread]) {
  const float* block_weights = memory.weights;
  bool is_listed = false;
  for (std::size_t index = 0; index < views.recurrent.count; ++index) {
    const ProjectionView<float>& p = views.recurrent.at[index];
    if (!tile.meets(p)) continue;
    const bool is_target = task.is_neuron && task.neuron >= p.post_begin && task.neuron < p.post_begin + p.post_count;
    bool has_more = true;
    for (unsigned skip = 0; has_more; skip += shape.listed) {
      if (is_listed) __syncthreads();  // the last list has been read
      // The list is there; has_more is the same for the block.
      has_more = __syncthreads_or(list_spikes(shape, memory, words, p, t, skip) ? 1 : 0) != 0;
      is_listed = true;
      if (!is_target) continue;
      if (shape.weights > 0) {
        add_listed(shape, memory, task, t, block_weights + (task.neuron - tile.begin), shape.tile, sum);
      } else {
        add_listed(shape, memory, task, t, p.weights + (task.neuron - p.post_begin), p.post_count, sum);
      }
    }
    block_weights += p.pre_count * shape.tile;
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

  for (unsigned t = begin; t < end; ++t) {
    float current[per_thread];
    SW_UNROLL(4)
    for (unsigned k = 0; k < per_thread; ++k) {
      const bool is_running = task.is_neuron && t < memory.ends[task.slot(k, shape)];
      current[k] = is_running ? currents.at(trial_of(k), t, task.neuron) : 0.0f;
    }
    float recurrent[per_thread] = {};
    if (t > 0) add_recurrent(views, shape, memory, memory.words_of(t - 1, shape), tile, task, t, recurrent);
    SW_UNROLL(4)
    for (unsigned k = 0; k < per_thread; ++k) {
      const std::size_t trial = trial_of(k);
      if (t >= memory.ends[task.slot(k, shape)]) continue;  // for the whole warp
      bool fired = false;
      if (task.is_neuron) {
        const StepInput<float> in{current[k] + recurrent[k], 0, views.forced_spike(trial, t, task.neuron)};
        const StepOutput<float> output = cells.step(k, in, views.noise, trial, t, task.neuron);
        views.write(trial, t, task.neuron, /*is_rate=*/false, output);
        fired = output.spike != 0.0f;
        spike_count[k] += fired ? 1u : 0u;
      }
      publish(shape, memory.words_of(t, shape), task.slot(k, shape), rank, fired);
    }
    exchange_sync(shape.exchange);  // the spikes of this step are there, and its lists have been read
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

  if (shape.weights > 0) load_weights(views.recurrent, shape, tile, memory.weights);
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
    default:
      return launch(config, resident_kernel<4>, views, shape, currents, grid_words);
  }
}

}  // namespace spikeweave::SW_DEVICE
