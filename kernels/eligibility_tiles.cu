// Block: 64 pre cells x 128 neurons and a share of the trials, one after the other. Thread: 4 x 8 synapses, whose
// traces and gradients it keeps in registers. What all synapses of a cell share is staged in shared memory, 16 steps at
// a time. Floor: 5 FP32 instructions per synapse and step (multiplications and fused multiply-adds), 6 where neurons
// differ in their membrane's decay.
#include "kernels/eligibility_tiles.cuh"

#include <algorithm>

#include "kernels/launch.cuh"
#include "kernels/learning_signal.cuh"
#include "kernels/pre_cells.cuh"
#include "kernels/sum_parts.cuh"
#include "kernels/unroll.cuh"

namespace spikeweave::SW_DEVICE {
namespace {

constexpr unsigned own_pre = 4, own_post = 8;  // synapses of a thread
constexpr unsigned threads_pre = 16, threads_post = 16;
constexpr unsigned tile_pre = own_pre * threads_pre, tile_post = own_post * threads_post;
constexpr unsigned tile_block = threads_pre * threads_post;
constexpr unsigned depth = 16;  // steps staged at a time

struct FusedArithmetic {
  __device__ static float madd(float a, float b, float c) { return __fmaf_rn(a, b, c); }
  __device__ static float settle(float x) { return x; }  // denormals cost a GPU nothing
};

struct Stage {
  float pre[depth][tile_pre];  // what arrives or, where all neurons share a decay, its low-passed form
  float psi[depth][tile_post];
  float filtered[depth][tile_post];
  float unfiltered[depth][tile_post];
  float mask[depth][tile_post];
};

struct TrialParts {
  std::size_t trials;  // of one part
  unsigned count;
  float* sums;  // [count, synapses]; not used where count is 1
};

// Whether the signal is that of the outputs alone and no neuron is hidden from the readout.
__host__ __device__ bool is_filtered_only(const EpropInputs<float>& in) {
  return in.rate_factor.empty() && in.local.empty() && in.readout_mask.empty();
}

// The columns of one stage that belong to a neuron; 0 beyond the trial's end.
template <bool is_plain>
__device__ __forceinline__ void stage_post(const EligibilityArgs<float>& args, std::size_t trial, std::size_t first,
                                           unsigned steps, std::size_t post_begin, Stage& stage) {
  const ProjectionView<float>& p = args.product.projection;
  for (unsigned n = threadIdx.x; n < steps * tile_post; n += tile_block) {
    const unsigned k = n / tile_post, column = n % tile_post;
    const std::size_t t = first + k, post = p.post_begin + post_begin + column;
    const bool is_there = post_begin + column < p.post_count && static_cast<std::int64_t>(t) < args.in.length[trial];
    stage.psi[k][column] = is_there ? args.psi(trial, t, post) : 0.0f;
    stage.filtered[k][column] = is_there ? filtered_signal(args.in, trial, t, post) : 0.0f;
    if constexpr (!is_plain) {
      stage.unfiltered[k][column] =
          is_there ? rate_signal(args.in, trial, post) + local_signal_at(args.in, trial, t, post) : 0.0f;
      stage.mask[k][column] = is_there ? readout_visibility(args.in, trial, t, post) : 0.0f;
    }
  }
}

template <class T>
__device__ __forceinline__ float arriving(const EligibilityArgs<float>& args, const PreCells<T>& cells,
                                          std::size_t trial, std::size_t t, std::size_t pre) {
  const ProjectionView<float>& p = args.product.projection;
  const bool is_there = pre < p.pre_count && t >= p.delay && static_cast<std::int64_t>(t) < args.in.length[trial];
  return is_there ? cells.at(trial, static_cast<unsigned>(t - p.delay)).at(p.pre_begin + pre) : 0.0f;
}

// One staged step of a thread's synapses.
template <class Trace, bool is_plain, bool shares_decay>
__device__ __forceinline__ void run_step(const EligibilityConstants<float>* constants, float kappa, const Stage& stage,
                                         unsigned k, unsigned row, unsigned column,
                                         Trace (&traces)[own_pre][own_post]) {
  SW_UNROLL(8)
  for (unsigned j = 0; j < own_post; ++j) {
    SW_UNROLL(4)
    for (unsigned i = 0; i < own_pre; ++i) {
      Trace& trace = traces[i][j];
      float zbar = stage.pre[k][row + i];
      if constexpr (!shares_decay) {
        trace.zbar = FusedArithmetic::madd(constants[j].alpha, trace.zbar, constants[j].zeta * zbar);
        zbar = trace.zbar;
      }
      const float psi = stage.psi[k][column + j];
      if constexpr (is_plain) {
        Trace::template step_synapse<FusedArithmetic>(constants[j], kappa, trace, psi, zbar,
                                                      FilteredSignal<float>{stage.filtered[k][column + j]});
      } else {
        Trace::template step_synapse<FusedArithmetic>(
            constants[j], kappa, trace, psi, zbar,
            EpropSignal<float>{stage.filtered[k][column + j], stage.unfiltered[k][column + j],
                               stage.mask[k][column + j]});
      }
    }
  }
}

template <class Trace, class T, bool is_plain, bool shares_decay>
__global__ void __launch_bounds__(tile_block)
    eligibility_tile_kernel(EligibilityArgs<float> args, ColumnsOf<Trace> kept, PreCells<T> cells, TrialParts part) {
  SW_SHARED(Stage, stages, 1);
  Stage& stage = stages[0];
  const ProjectionView<float>& p = args.product.projection;
  const StepWindow& window = args.product.window;
  const std::size_t pre_begin = std::size_t{blockIdx.y} * tile_pre, post_begin = std::size_t{blockIdx.x} * tile_post;
  const unsigned row = threadIdx.x / threads_post * own_pre, column = threadIdx.x % threads_post * own_post;
  const std::size_t synapses = p.pre_count * p.post_count;
  const auto synapse = [&](unsigned i, unsigned j) {
    return (pre_begin + row + i) * p.post_count + post_begin + column + j;
  };
  const auto is_synapse = [&](unsigned i, unsigned j) {
    return pre_begin + row + i < p.pre_count && post_begin + column + j < p.post_count;
  };

  EligibilityConstants<float> constants[own_post];
  SW_UNROLL(8)
  for (unsigned j = 0; j < own_post; ++j) {
    const bool is_there = post_begin + column + j < p.post_count;
    constants[j] = args.in.constants.load(p.post_begin + (is_there ? post_begin + column + j : 0));
  }
  Trace traces[own_pre][own_post];
  const std::size_t first_trial = blockIdx.z * part.trials;
  for (std::size_t trial = first_trial; trial < first_trial + part.trials && trial < args.psi.shape[0]; ++trial) {
    float shared_trace = 0.0f;  // of the pre cell that this thread filters for the block
    const std::size_t own_cell = pre_begin + threadIdx.x;
    const bool filters = shares_decay && threadIdx.x < tile_pre && own_cell < p.pre_count;
    SW_UNROLL(4)
    for (unsigned i = 0; i < own_pre; ++i) {
      SW_UNROLL(8)
      for (unsigned j = 0; j < own_post; ++j) {
        const float gradient = traces[i][j].gradient;
        traces[i][j] = window.begin > 0 && is_synapse(i, j) ? kept.load(trial * synapses + synapse(i, j)) : Trace{};
        traces[i][j].gradient = gradient;
      }
    }
    if (filters && window.begin > 0) {
      shared_trace = kept.load(trial * synapses + own_cell * p.post_count + post_begin).zbar;
    }
    for (std::size_t first = window.begin; first < window.end; first += depth) {
      const auto steps = static_cast<unsigned>(window.end - first < depth ? window.end - first : depth);
      stage_post<is_plain>(args, trial, first, steps, post_begin, stage);
      if constexpr (shares_decay) {
        if (threadIdx.x < tile_pre) {
          for (unsigned k = 0; k < steps; ++k) {
            Trace filter;
            filter.zbar = shared_trace;
            Trace::filter_pre(constants[0], filter, arriving(args, cells, trial, first + k, own_cell));
            shared_trace = filter.zbar;
            stage.pre[k][threadIdx.x] = shared_trace;
          }
        }
      } else {
        for (unsigned n = threadIdx.x; n < steps * tile_pre; n += tile_block) {
          stage.pre[n / tile_pre][n % tile_pre] =
              arriving(args, cells, trial, first + n / tile_pre, pre_begin + n % tile_pre);
        }
      }
      __syncthreads();  // the stage is filled
      for (unsigned k = 0; k < steps; ++k) {
        run_step<Trace, is_plain, shares_decay>(constants, args.in.readout.kappa, stage, k, row, column, traces);
      }
      __syncthreads();  // the stage has been read
    }
    if (args.traces == nullptr) continue;
    if (shares_decay && threadIdx.x < tile_pre) stage.pre[0][threadIdx.x] = shared_trace;
    __syncthreads();  // the low-passed activity of all pre cells is there
    SW_UNROLL(4)
    for (unsigned i = 0; i < own_pre; ++i) {
      SW_UNROLL(8)
      for (unsigned j = 0; j < own_post; ++j) {
        if (shares_decay) traces[i][j].zbar = stage.pre[0][row + i];
        if (is_synapse(i, j)) kept.store(trial * synapses + synapse(i, j), traces[i][j]);
      }
    }
    __syncthreads();  // it has been read: the next trial overwrites it
  }

  SW_UNROLL(4)
  for (unsigned i = 0; i < own_pre; ++i) {
    SW_UNROLL(8)
    for (unsigned j = 0; j < own_post; ++j) {
      if (!is_synapse(i, j)) continue;
      const bool is_self =
          args.product.zero_diagonal && p.pre_begin + pre_begin + row + i == p.post_begin + post_begin + column + j;
      const float sum = is_self ? 0.0f : traces[i][j].gradient;
      if (part.count == 1) {
        args.product.gradient[synapse(i, j)] += args.product.scale * sum;
      } else {
        part.sums[blockIdx.z * synapses + synapse(i, j)] = sum;
      }
    }
  }
}

// Depends on the shape alone, not on the device, so that every GPU gives the same bits.
TrialParts choose_trial_parts(std::size_t batch, std::size_t tiles, std::size_t synapses) {
  constexpr std::size_t wanted_blocks = 264;                      // two for each multiprocessor of an H200
  constexpr std::size_t largest_scratch = std::size_t{64} << 20;  // elements: 256 MiB
  std::size_t count = std::clamp<std::size_t>(wanted_blocks / tiles, 1, batch);
  count = std::min(count, std::max<std::size_t>(1, largest_scratch / synapses));
  const std::size_t trials = (batch + count - 1) / count;
  return {trials, static_cast<unsigned>((batch + trials - 1) / trials), nullptr};
}

template <class Trace, class T>
void run_tiles(Context& context, const EligibilityArgs<float>& args, const PreCells<T>& cells) {
  const ProjectionView<float>& p = args.product.projection;
  const std::size_t synapses = p.pre_count * p.post_count;
  const dim3 tiles(static_cast<unsigned>((p.post_count + tile_post - 1) / tile_post),
                   static_cast<unsigned>((p.pre_count + tile_pre - 1) / tile_pre));
  TrialParts part = choose_trial_parts(args.psi.shape[0], std::size_t{tiles.x} * tiles.y, synapses);
  if (part.count > 1) part.sums = context.scratch.get<float>(part.count * synapses, "parts of a gradient");
  const auto kept = place_columns<Trace>(args.traces, args.psi.shape[0] * synapses);
  const LaunchConfig config{
      .grid = dim3(tiles.x, tiles.y, part.count), .block = dim3(tile_block), .stream = context.stream};
  const auto run = [&](auto kernel) { launch(config, kernel, args, kept, cells, part); };
  const bool is_plain = is_filtered_only(args.in);
  if (args.shares_decay) {
    is_plain ? run(eligibility_tile_kernel<Trace, T, true, true>) : run(eligibility_tile_kernel<Trace, T, false, true>);
  } else {
    is_plain ? run(eligibility_tile_kernel<Trace, T, true, false>)
             : run(eligibility_tile_kernel<Trace, T, false, false>);
  }
  if (part.count > 1) add_parts(context, part.sums, part.count, args.product);
}

}  // namespace

void eligibility_tiles(Context& context, const EligibilityArgs<float>& args) {
  const OuterProductArgs<float>& product = args.product;
  if (args.psi.shape[0] == 0) return;
  with_pre_cells(product.events, product.values, product.mask, product.frame_steps,
                 [&]<class T>(const PreCells<T>& cells) {
                   GradientRules::visit(args.in.rule, [&]<class Rule>() {
                     if constexpr (requires { typename Rule::template Trace<float>; }) {
                       run_tiles<typename Rule::template Trace<float>>(context, args, cells);
                     }
                   });
                 });
}

}  // namespace spikeweave::SW_DEVICE
