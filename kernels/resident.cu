// Floor of a step: a spike's row of weights from shared memory, N / group 4 bytes for each block and trial, at 128
// bytes per clock (at 64 where the row is in the L2 cache); 4 bytes of input current and 5 of spike and psi per neuron
// and trial; one barrier of the group.
#include "kernels/resident.cuh"

#include "kernels/cooperative.cuh"
#include "kernels/launch.cuh"
#include "kernels/resident_spikes.cuh"
#include "kernels/unroll.cuh"

namespace spikeweave::SW_DEVICE {
namespace {

__device__ __forceinline__ void exchange_sync(Exchange exchange) {
  if (exchange == Exchange::block) {
    __syncthreads();
  } else if (exchange == Exchange::cluster) {
    cluster_sync();
  } else {
    grid_sync();
  }
}

// Which neurons fired, from each warp of a group to all of its blocks, in each of its trials: publish() for each trial,
// arrive(), wait(). What lies between the last two overlaps the waiting, and its accesses are not ordered.
class SpikeExchange {
 public:
  __device__ __forceinline__ SpikeExchange(const ResidentShape& shape, const ResidentMemory& memory, unsigned rank)
      : shape_(shape), memory_(memory), own_word_(shape.width() / 32 * rank + threadIdx.x % shape.width() / 32) {}

  // Tells the group which neurons of this warp fired in trial `slot` of the slice. words: of the step and slice.
  __device__ __forceinline__ void publish(unsigned* words, unsigned slot, bool fired) const {
    const unsigned lane = threadIdx.x % 32;
    const unsigned bits = __ballot_sync(0xffffffffu, fired ? 1 : 0);
    unsigned* const word = &words[slot * shape_.words() + own_word_];
    if (shape_.exchange == Exchange::cluster) {
      if (lane < shape_.group) send_word(word, bits, inbox(), lane);
    } else if (lane == 0) {
      *word = bits;
    }
  }
  __device__ __forceinline__ void arrive() {
    if (shape_.exchange == Exchange::grid) arrival_ = grid_arrive();
    if (shape_.exchange == Exchange::cluster && threadIdx.x == 0) {
      expect_bytes(inbox(), shape_.trials() * shape_.words() * unsigned{sizeof(unsigned)});
    }
  }
  // All warps of the group have published: the words are there, and all have read the words and lists before.
  __device__ __forceinline__ void wait() {
    if (shape_.exchange == Exchange::block) {
      __syncthreads();
    } else if (shape_.exchange == Exchange::cluster) {
      wait_for_bytes(inbox(), phase_ / 2 % 2);
    } else {
      grid_wait(arrival_);
    }
    ++phase_;
  }

 private:
  __device__ __forceinline__ Inbox* inbox() const { return &memory_.inboxes[phase_ % 2]; }

  const ResidentShape& shape_;
  const ResidentMemory& memory_;
  unsigned own_word_;
  unsigned phase_ = 0;  // exchanges so far
  unsigned arrival_ = 0;
};

// Where a thread finds the arrays over time of its trials, from the first step of the window on: trial k lies a
// constant stride behind trial k - 1, and the outputs lie as the spikes do.
class StepRows {
 public:
  __device__ __forceinline__ StepRows(const ForwardViews& views, const CurrentRows& currents, unsigned lanes,
                                      std::size_t trial, std::size_t neuron)
      : views_(views),
        currents_(currents),
        has_psi_(!views.psi.empty()),
        has_outputs_(!views.outputs.empty()),
        has_prediction_(!views.prediction.empty()),
        current_stride_(lanes * currents.steps * currents.neurons),
        stride_(lanes * views.spikes.shape[1] * views.spikes.shape[2]),
        current_(trial * currents.steps * currents.neurons + neuron),
        at_((trial * views.spikes.shape[1] + views.window.begin) * views.spikes.shape[2] + neuron) {}

  __device__ __forceinline__ void next_step() {
    current_ += currents_.neurons;
    at_ += views_.spikes.shape[2];
  }
  __device__ __forceinline__ float current(unsigned k) const {
    return currents_.values[current_ + k * current_stride_];
  }
  __device__ __forceinline__ void write(unsigned k, const StepOutput<float>& output) const {
    const std::size_t index = at_ + k * stride_;
    views_.spikes[index] = output.spike != 0.0f ? 1 : 0;
    if (has_psi_) views_.psi[index] = output.psi;
    if (has_outputs_) views_.outputs[index] = output.spike;
    if (has_prediction_) views_.prediction[index] = output.prediction;
  }

 private:
  const ForwardViews& views_;
  const CurrentRows& currents_;
  bool has_psi_, has_outputs_, has_prediction_;
  std::size_t current_stride_, stride_;  // from a trial to the next
  std::size_t current_, at_;             // of trial 0 in this step
};

// One slice of the trials through all steps of the window.
template <unsigned per_thread, class CellsOfThread>
__device__ __forceinline__ void run_slice(const ForwardViews& views, const ResidentShape& shape,
                                          const ResidentMemory& memory, const CurrentRows& currents,
                                          const PostTile& tile, const Task& task, SpikeExchange& exchange,
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

  unsigned ends[per_thread];  // of the thread's trials, the same for its whole warp
  SW_UNROLL(4)
  for (unsigned k = 0; k < per_thread; ++k) ends[k] = memory.ends[task.slot(k, shape)];

  CellsOfThread cells;
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
    const bool is_running = is_there && begin < ends[k];
    exchange.publish(memory.words_of(begin - 1, shape), task.slot(k, shape),
                     is_running && views.spikes(trial_of(k), begin - 1, task.neuron) != 0);
  }
  if (begin > 0) {
    exchange.arrive();
    exchange.wait();  // the spikes before the window are there
  }

  StepRows rows(views, currents, shape.lanes, trial_of(0), task.neuron);
  const bool has_forced = !views.forced.empty();
  float current[per_thread];
  const auto read_currents = [&](unsigned t) {
    SW_UNROLL(4)
    for (unsigned k = 0; k < per_thread; ++k) {
      current[k] = task.is_neuron && t < ends[k] ? rows.current(k) : 0.0f;
    }
  };
  read_currents(begin);
  SW_UNROLL(1)
  for (unsigned t = begin; t < end; ++t) {
    float recurrent[per_thread] = {};
    if (t > 0) add_recurrent(views, shape, memory, memory.words_of(t - 1, shape), tile, task, t, ends, recurrent);
    StepOutput<float> output[per_thread];
    SW_UNROLL(4)
    for (unsigned k = 0; k < per_thread; ++k) {
      output[k] = {};
      if (task.is_neuron && t < ends[k]) {
        const std::size_t trial = trial_of(k);
        const float forced = has_forced ? views.forced_spike(trial, t, task.neuron) : 0.0f;
        output[k] = cells.step(k, {current[k] + recurrent[k], 0, forced}, views.noise, trial, t, task.neuron);
      }
      const bool fired = output[k].spike != 0.0f;
      spike_count[k] += fired ? 1u : 0u;
      exchange.publish(memory.words_of(t, shape), task.slot(k, shape), fired);
    }
    // Only the published words wait for each other: what goes to global memory, and comes from there, does not.
    exchange.arrive();
    SW_UNROLL(4)
    for (unsigned k = 0; k < per_thread; ++k) {
      if (task.is_neuron && t < ends[k]) rows.write(k, output[k]);
    }
    rows.next_step();
    read_currents(t + 1);
    exchange.wait();  // the spikes of this step are there, and its lists have been read
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
template <unsigned per_thread, class CellsOfThread>
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
  if (shape.exchange == Exchange::cluster && threadIdx.x < 2) open_inbox(&memory.inboxes[threadIdx.x]);
  exchange_sync(shape.exchange);  // weights and inboxes are there, and all blocks of the group have started
  SpikeExchange exchange(shape, memory, rank);
  const std::size_t slices = (views.batch + shape.trials() - 1) / shape.trials();
  const std::size_t rounds = (slices + shape.groups - 1) / shape.groups;
  for (std::size_t round = 0; round < rounds; ++round) {
    run_slice<per_thread, CellsOfThread>(views, shape, memory, currents, tile, task, exchange,
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

template <template <unsigned> class CellsOfThread>
void launch_resident(const LaunchConfig& config, const ForwardViews& views, const ResidentShape& shape,
                     const CurrentRows& currents, unsigned* grid_words) {
  switch (shape.per_thread) {
    case 1:
      return launch(config, resident_kernel<1, CellsOfThread<1>>, views, shape, currents, grid_words);
    case 2:
      return launch(config, resident_kernel<2, CellsOfThread<2>>, views, shape, currents, grid_words);
    case 3:
      return launch(config, resident_kernel<3, CellsOfThread<3>>, views, shape, currents, grid_words);
    default:
      return launch(config, resident_kernel<4, CellsOfThread<4>>, views, shape, currents, grid_words);
  }
}

}  // namespace

unsigned clusters_at_once(const ResidentShape& shape) {
  return max_active_clusters(launch_config(shape), resident_kernel<4, Cells<4>>);
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
  const auto run =
      AdaptiveCells<1>::covers(views.populations) ? launch_resident<AdaptiveCells> : launch_resident<Cells>;
  run(config, views, shape, currents, grid_words);
}

}  // namespace spikeweave::SW_DEVICE
