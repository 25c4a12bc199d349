// Post factors of the rules of phases; a thread per trial, step and cell.
#include "kernels/launch.cuh"
#include "kernels/operations.cuh"

namespace spikeweave::SW_DEVICE {
namespace {

template <class Rule>
__global__ void phase_factor_kernel(PhaseFactorArgs<float> args, std::size_t steps) {
  const std::size_t index = global_index_1d();
  const std::size_t cells = args.psi_to_factor.shape[2];
  if (index >= args.psi_to_factor.shape[0] * steps * cells) return;
  const std::size_t trial = index / (steps * cells);
  const std::size_t t = args.window.begin + index / cells % steps;
  const std::size_t cell = index % cells;
  float& factor = args.psi_to_factor(trial, t, cell);
  const float weight = args.weight(trial, t);
  if (static_cast<std::int64_t>(t) >= args.length[trial] || weight == 0.0f) {
    factor = 0.0f;
  } else {
    factor = -weight * Rule::template post<float>(factor, args.outputs(trial, t, cell));
  }
}

}  // namespace

void phase_factor(Context& context, const PhaseFactorArgs<float>& args) {
  const std::size_t steps = args.window.end_or(args.psi_to_factor.shape[1]) - args.window.begin;
  const std::size_t threads = args.psi_to_factor.shape[0] * steps * args.psi_to_factor.shape[2];
  PhaseRules::visit(args.rule,
                    [&]<class Rule>() { launch_1d(context.stream, threads, phase_factor_kernel<Rule>, args, steps); });
}

}  // namespace spikeweave::SW_DEVICE
