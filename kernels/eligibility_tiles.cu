// What all synapses of a cell share, its learning signal and its low-passed activity, is made once for all tiles by
// kernels of its own. Then a block has 64 pre cells x 128 neurons and a share of the trials, one after the other; a
// thread has 4 x 8 synapses, whose traces and gradients it keeps in registers. Shared memory holds two stages of 8
// steps: while a block runs one, it loads the other. Floor: 5 FP32 instructions per synapse and step (multiplications
// and fused multiply-adds), 6 where neurons differ in their membrane's decay.
#include "kernels/eligibility_tiles.cuh"

#include <algorithm>

#include "kernels/launch.cuh"
#include "kernels/sum_parts.cuh"
#include "kernels/tile_inputs.cuh"
#include "kernels/unroll.cuh"

namespace spikeweave::SW_DEVICE {
namespace {

constexpr unsigned own_pre = 4, own_post = 8;  // synapses of a thread
constexpr unsigned threads_pre = 16, threads_post = 16;
constexpr unsigned tile_pre = own_pre * threads_pre, tile_post = own_post * threads_post;
constexpr unsigned tile_block = threads_pre * threads_post;
constexpr unsigned depth = 8;                                    // steps of a stage
constexpr unsigned fetched_pre = depth * tile_pre / tile_block;  // numbers of a stage that a thread loads
constexpr unsigned fetched_post = depth * tile_post / tile_block;

struct FusedArithmetic {
  __device__ static float madd(float a, float b, float c) { return __fmaf_rn(a, b, c); }
  __device__ static float settle(float x) { return x; }  // denormals cost a GPU nothing
};

// A thread's next numbers, under way while it runs the stage before; unfiltered and mask: not of a plain signal.
struct Fetched {
  float pre[fetched_pre];
  float psi[fetched_post];
  float filtered[fetched_post];
  float unfiltered[fetched_post];
  float mask[fetched_post];
};

template <bool is_plain>
struct Stage {
  alignas(16) float pre[depth][tile_pre];
  alignas(16) float psi[depth][tile_post];
  alignas(16) float filtered[depth][tile_post];
};
template <>
struct Stage<false> : Stage<true> {
  alignas(16) float unfiltered[depth][tile_post];
  alignas(16) float mask[depth][tile_post];
};

// Where a thread's numbers of the next stage are.
struct Source {
  const float* arrived;
  const float* psi;
  const float* signals;
  std::size_t plane;     // elements from one kind of signal to the next
  std::size_t neurons;   // columns of psi
  bool is_pre, is_post;  // whether the thread's columns are cells

  __device__ __forceinline__ Source(const EligibilityArgs<float>& args, const TrialParts& part, std::size_t slot,
                                    std::size_t trial) {
    const ProjectionView<float>& p = args.product.projection;
    const StepWindow& window = args.product.window;
    const std::size_t pre = std::size_t{blockIdx.y} * tile_pre + threadIdx.x % tile_pre;
    const std::size_t post = std::size_t{blockIdx.x} * tile_post + threadIdx.x % tile_post;
    const unsigned pre_step = threadIdx.x / tile_pre, post_step = threadIdx.x / tile_post;
    is_pre = pre < p.pre_count;
    is_post = post < p.post_count;
    neurons = args.psi.shape[2];
    plane = part.slots() * steps_of(window) * p.post_count;
    arrived = part.arrived + (slot * steps_of(window) + pre_step) * p.pre_count + pre;
    signals = part.signals + (slot * steps_of(window) + post_step) * p.post_count + post;
    psi = args.psi.row(trial, window.begin + post_step) + p.post_begin + post;
  }
};

// Loads a thread's numbers of the next stage; 0 beyond the cells and the steps: `pre_steps` are left of the window,
// `post_steps` of the trial in it.
template <bool is_plain>
__device__ __forceinline__ void fetch(const ProjectionView<float>& p, unsigned pre_steps, unsigned post_steps,
                                      Source& source, Fetched& fetched) {
  SW_UNROLL(2)
  for (unsigned n = 0; n < fetched_pre; ++n) {
    const unsigned k = n * (tile_block / tile_pre);
    const bool is_there = source.is_pre && threadIdx.x / tile_pre + k < pre_steps;
    fetched.pre[n] = is_there ? source.arrived[k * p.pre_count] : 0.0f;
  }
  SW_UNROLL(4)
  for (unsigned n = 0; n < fetched_post; ++n) {
    const unsigned k = n * (tile_block / tile_post);
    const bool is_there = source.is_post && threadIdx.x / tile_post + k < post_steps;
    const float* const signal = source.signals + k * p.post_count;
    fetched.psi[n] = is_there ? source.psi[k * source.neurons] : 0.0f;
    fetched.filtered[n] = is_there ? *signal : 0.0f;
    if constexpr (!is_plain) {
      fetched.unfiltered[n] = is_there ? signal[source.plane] : 0.0f;
      fetched.mask[n] = is_there ? signal[2 * source.plane] : 0.0f;
    }
  }
  source.arrived += depth * p.pre_count;
  source.psi += depth * source.neurons;
  source.signals += depth * p.post_count;
}

template <bool is_plain>
__device__ __forceinline__ void put(const Fetched& fetched, Stage<is_plain>& stage) {
  SW_UNROLL(2)
  for (unsigned n = 0; n < fetched_pre; ++n) {
    stage.pre[threadIdx.x / tile_pre + n * (tile_block / tile_pre)][threadIdx.x % tile_pre] = fetched.pre[n];
  }
  const unsigned column = threadIdx.x % tile_post;
  SW_UNROLL(4)
  for (unsigned n = 0; n < fetched_post; ++n) {
    const unsigned k = threadIdx.x / tile_post + n * (tile_block / tile_post);
    stage.psi[k][column] = fetched.psi[n];
    stage.filtered[k][column] = fetched.filtered[n];
    if constexpr (!is_plain) {
      stage.unfiltered[k][column] = fetched.unfiltered[n];
      stage.mask[k][column] = fetched.mask[n];
    }
  }
}

// A thread's first row of the tile, and its columns: two runs of four, so that neighbours read neighbouring banks.
__device__ __forceinline__ unsigned own_row() {
  return threadIdx.x / threads_post * own_pre;
}
__device__ __forceinline__ unsigned own_column(unsigned j) {
  return threadIdx.x % threads_post * 4 + j % 4 + j / 4 * (tile_post / 2);
}

// One staged step of a thread's synapses.
template <class Trace, bool is_plain, bool shares_decay>
__device__ __forceinline__ void run_step(const EligibilityConstants<float>* constants, float kappa,
                                         const Stage<is_plain>& stage, unsigned k, Trace (&traces)[own_pre][own_post]) {
  SW_UNROLL(8)
  for (unsigned j = 0; j < own_post; ++j) {
    const unsigned column = own_column(j);
    SW_UNROLL(4)
    for (unsigned i = 0; i < own_pre; ++i) {
      Trace& trace = traces[i][j];
      float zbar = stage.pre[k][own_row() + i];
      if constexpr (!shares_decay) {
        trace.zbar = FusedArithmetic::madd(constants[j].alpha, trace.zbar, constants[j].zeta * zbar);
        zbar = trace.zbar;
      }
      const float psi = stage.psi[k][column];
      if constexpr (is_plain) {
        Trace::template step_synapse<FusedArithmetic>(constants[j], kappa, trace, psi, zbar,
                                                      FilteredSignal<float>{stage.filtered[k][column]});
      } else {
        Trace::template step_synapse<FusedArithmetic>(
            constants[j], kappa, trace, psi, zbar,
            EpropSignal<float>{stage.filtered[k][column], stage.unfiltered[k][column], stage.mask[k][column]});
      }
    }
  }
}

// The steps of the window of one trial. All threads of the block call it; behind it both stages have been read.
template <class Trace, bool is_plain, bool shares_decay>
__device__ __forceinline__ void run_trial(const EligibilityArgs<float>& args, const TrialParts& part, std::size_t slot,
                                          std::size_t trial, const EligibilityConstants<float>* constants,
                                          Stage<is_plain> (&stages)[2], Trace (&traces)[own_pre][own_post]) {
  const StepWindow& window = args.product.window;
  const auto steps = static_cast<unsigned>(steps_of(window));
  const std::size_t end = end_of(args, trial);
  const unsigned in_trial = end > window.begin ? static_cast<unsigned>(end - window.begin) : 0;
  Source source(args, part, slot, trial);
  Fetched next;
  fetch<is_plain>(args.product.projection, steps, in_trial, source, next);
  put(next, stages[0]);
  __syncthreads();  // the first stage is filled
  unsigned present = 0;
  for (unsigned first = 0; first < steps; first += depth, present ^= 1u) {
    const unsigned behind = first + depth;
    const bool goes_on = behind < steps;
    if (goes_on) {
      fetch<is_plain>(args.product.projection, steps - behind, max(in_trial, behind) - behind, source, next);
    }
    const unsigned staged = goes_on ? depth : steps - first;
    for (unsigned k = 0; k < staged; ++k) {
      run_step<Trace, is_plain, shares_decay>(constants, args.in.readout.kappa, stages[present], k, traces);
    }
    if (goes_on) put(next, stages[present ^ 1u]);
    __syncthreads();  // this stage has been read, the next one is filled
  }
}

template <class Trace, bool is_plain, bool shares_decay>
__global__ void __launch_bounds__(tile_block)
    eligibility_tile_kernel(EligibilityArgs<float> args, ColumnsOf<Trace> kept, TrialParts part) {
  SW_SHARED(Stage<is_plain>, stages, 2);
  const ProjectionView<float>& p = args.product.projection;
  const StepWindow& window = args.product.window;
  const std::size_t batch = args.psi.shape[0], synapses = p.pre_count * p.post_count;
  const auto pre_of = [&](unsigned i) { return std::size_t{blockIdx.y} * tile_pre + own_row() + i; };
  const auto post_of = [&](unsigned j) { return std::size_t{blockIdx.x} * tile_post + own_column(j); };
  const auto synapse = [&](unsigned i, unsigned j) { return pre_of(i) * p.post_count + post_of(j); };
  const auto is_synapse = [&](unsigned i, unsigned j) { return pre_of(i) < p.pre_count && post_of(j) < p.post_count; };

  EligibilityConstants<float> constants[own_post];
  SW_UNROLL(8)
  for (unsigned j = 0; j < own_post; ++j) {
    constants[j] = args.in.constants.load(p.post_begin + (post_of(j) < p.post_count ? post_of(j) : 0));
  }
  Trace traces[own_pre][own_post];
  SW_UNROLL(4)
  for (unsigned i = 0; i < own_pre; ++i) {
    SW_UNROLL(8)
    for (unsigned j = 0; j < own_post; ++j) {
      if (part.first > 0 && is_synapse(i, j)) traces[i][j].gradient = part.sums[blockIdx.z * synapses + synapse(i, j)];
    }
  }
  const std::size_t first_slot = blockIdx.z * part.group;
  for (std::size_t slot = first_slot; slot < first_slot + part.group; ++slot) {
    const std::size_t trial = part.trial_of(slot, batch);
    if (trial == batch) break;
    SW_UNROLL(4)
    for (unsigned i = 0; i < own_pre; ++i) {
      SW_UNROLL(8)
      for (unsigned j = 0; j < own_post; ++j) {
        const float gradient = traces[i][j].gradient;
        traces[i][j] = window.begin > 0 && is_synapse(i, j) ? kept.load(trial * synapses + synapse(i, j)) : Trace{};
        traces[i][j].gradient = gradient;
      }
    }
    run_trial<Trace, is_plain, shares_decay>(args, part, slot, trial, constants, stages, traces);
    if (args.traces == nullptr) continue;
    const float* const last = part.arrived + ((slot + 1) * steps_of(window) - 1) * p.pre_count;
    SW_UNROLL(4)
    for (unsigned i = 0; i < own_pre; ++i) {
      SW_UNROLL(8)
      for (unsigned j = 0; j < own_post; ++j) {
        if (!is_synapse(i, j)) continue;
        if (shares_decay) traces[i][j].zbar = last[pre_of(i)];
        kept.store(trial * synapses + synapse(i, j), traces[i][j]);
      }
    }
  }

  SW_UNROLL(4)
  for (unsigned i = 0; i < own_pre; ++i) {
    SW_UNROLL(8)
    for (unsigned j = 0; j < own_post; ++j) {
      if (!is_synapse(i, j)) continue;
      const bool is_self = args.product.zero_diagonal && p.pre_begin + pre_of(i) == p.post_begin + post_of(j);
      const float sum = is_self ? 0.0f : traces[i][j].gradient;
      if (part.sums == nullptr) {
        args.product.gradient[synapse(i, j)] += args.product.scale * sum;
      } else {
        part.sums[blockIdx.z * synapses + synapse(i, j)] = sum;
      }
    }
  }
}

// Elements of a slot's arrays.
std::size_t slot_size(const EligibilityArgs<float>& args) {
  const ProjectionView<float>& p = args.product.projection;
  return steps_of(args.product.window) * (p.pre_count + (is_filtered_only(args.in) ? 1 : 3) * p.post_count);
}

// The number of parts whose blocks, one for each multiprocessor at a time, are done first, at equal times the smallest.
// Depends on the shape alone, not on the device, so that every GPU gives the same bits.
TrialParts choose_trial_parts(const EligibilityArgs<float>& args, std::size_t tiles) {
  constexpr std::size_t multiprocessors = 132;                    // of an H100 and an H200
  constexpr std::size_t largest_grid = 8 * multiprocessors;       // more blocks leave little to gain
  constexpr std::size_t largest_scratch = std::size_t{64} << 20;  // elements; of the sums, and of the slots: 256 MiB
  const ProjectionView<float>& p = args.product.projection;
  const std::size_t batch = args.psi.shape[0];
  const std::size_t shared = slot_size(args);
  const std::size_t synapses = p.pre_count * p.post_count;
  const std::size_t limit = std::min({batch, std::max<std::size_t>(1, largest_grid / tiles),
                                      std::max<std::size_t>(1, largest_scratch / std::max(shared, synapses))});
  TrialParts best;
  std::size_t best_time = ~std::size_t{0};
  for (std::size_t parts = 1; parts <= limit; ++parts) {
    const std::size_t trials = (batch + parts - 1) / parts;
    const std::size_t count = (batch + trials - 1) / trials;
    const std::size_t time = (tiles * count + multiprocessors - 1) / multiprocessors * trials;
    if (time >= best_time) continue;
    best_time = time;
    best.trials = trials;
    best.count = static_cast<unsigned>(count);
  }
  const std::size_t largest_group = std::max<std::size_t>(1, largest_scratch / (best.count * shared));
  const std::size_t launches = (best.trials + largest_group - 1) / largest_group;
  best.group = (best.trials + launches - 1) / launches;
  return best;
}

// What all tiles share of the present group.
template <class Trace, class T>
void run_shared(Context& context, const EligibilityArgs<float>& args, const ColumnsOf<Trace>& kept,
                const PreCells<T>& cells, const TrialParts& part) {
  const ProjectionView<float>& p = args.product.projection;
  const std::size_t step_tiles = (steps_of(args.product.window) + tile_steps - 1) / tile_steps;
  launch({.grid = dim3(static_cast<unsigned>(part.slots() * step_tiles),
                       static_cast<unsigned>((p.post_count + signal_block - 1) / signal_block)),
          .block = dim3(signal_block),
          .stream = context.stream},
         is_filtered_only(args.in) ? tile_signal_kernel<true> : tile_signal_kernel<false>, args, part);
  const std::size_t arrival_blocks = (part.slots() * p.pre_count + arrival_block - 1) / arrival_block;
  launch({.grid = dim3(static_cast<unsigned>(arrival_blocks)), .block = dim3(arrival_block), .stream = context.stream},
         args.shares_decay ? arrival_kernel<Trace, T, true> : arrival_kernel<Trace, T, false>, args, kept, cells, part);
}

template <class Trace>
void run_tiles(Context& context, const EligibilityArgs<float>& args, const dim3& tiles, const ColumnsOf<Trace>& kept,
               const TrialParts& part) {
  const LaunchConfig config{
      .grid = dim3(tiles.x, tiles.y, part.count), .block = dim3(tile_block), .stream = context.stream};
  const auto run = [&](auto kernel) { launch(config, kernel, args, kept, part); };
  const bool is_plain = is_filtered_only(args.in);
  if (args.shares_decay) {
    is_plain ? run(eligibility_tile_kernel<Trace, true, true>) : run(eligibility_tile_kernel<Trace, false, true>);
  } else {
    is_plain ? run(eligibility_tile_kernel<Trace, true, false>) : run(eligibility_tile_kernel<Trace, false, false>);
  }
}

template <class Trace, class T>
void run_parts(Context& context, const EligibilityArgs<float>& args, const PreCells<T>& cells) {
  const ProjectionView<float>& p = args.product.projection;
  const std::size_t synapses = p.pre_count * p.post_count;
  const dim3 tiles(static_cast<unsigned>((p.post_count + tile_post - 1) / tile_post),
                   static_cast<unsigned>((p.pre_count + tile_pre - 1) / tile_pre));
  TrialParts part = choose_trial_parts(args, std::size_t{tiles.x} * tiles.y);
  const std::size_t sums = part.count > 1 || part.group < part.trials ? part.count * synapses : 0;
  float* const memory =
      context.scratch.get<float>(sums + part.slots() * slot_size(args), "signals, activity and sums of a gradient");
  if (sums > 0) part.sums = memory;
  part.arrived = memory + sums;
  part.signals = part.arrived + part.slots() * steps_of(args.product.window) * p.pre_count;
  const auto kept = place_columns<Trace>(args.traces, args.psi.shape[0] * synapses);
  for (; part.first < part.trials; part.first += part.group) {
    run_shared(context, args, kept, cells, part);
    run_tiles(context, args, tiles, kept, part);
  }
  if (sums > 0) add_parts(context, part.sums, part.count, args.product);
}

}  // namespace

void eligibility_tiles(Context& context, const EligibilityArgs<float>& args) {
  const OuterProductArgs<float>& product = args.product;
  if (args.psi.shape[0] == 0) return;
  with_pre_cells(product.events, product.values, product.mask, product.frame_steps,
                 [&]<class T>(const PreCells<T>& cells) {
                   GradientRules::visit(args.in.rule, [&]<class Rule>() {
                     if constexpr (requires { typename Rule::template Trace<float>; }) {
                       run_parts<typename Rule::template Trace<float>>(context, args, cells);
                     }
                   });
                 });
}

}  // namespace spikeweave::SW_DEVICE
