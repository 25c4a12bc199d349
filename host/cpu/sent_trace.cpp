#include <algorithm>

#include "host/cpu/operations.hpp"
#include "spikeweave/core/flush.hpp"

namespace spikeweave::cpu {

template <class Real>
void sent_trace(const SentTraceArgs<Real>& args, int threads) {
  const std::size_t neurons = args.trace.shape[1];
#pragma omp parallel for schedule(static) num_threads(threads_for(args.trace.shape[0], threads))
  for (std::size_t b = 0; b < args.trace.shape[0]; ++b) {
    Real* const trace = args.trace.row(b);
    if (args.window.begin == 0) std::fill_n(trace, neurons, Real(0));
    const std::size_t end = args.window.end_in(static_cast<std::size_t>(args.length[b]));
    for (std::size_t t = args.window.begin; t < end; ++t) {
      const std::uint8_t* const mask = args.mask.empty() ? nullptr : args.mask.row(b, t / args.frame_steps);
      for (std::size_t j = 0; j < neurons; ++j) {
        const Real sent = args.outputs.empty() ? static_cast<Real>(args.spikes(b, t, j)) : args.outputs(b, t, j);
        const Real seen = mask == nullptr || mask[j] != 0 ? args.mask_scale * sent : Real(0);
        trace[j] = flush(args.decay * trace[j] + seen);
      }
    }
  }
}
template void sent_trace<float>(const SentTraceArgs<float>&, int);
template void sent_trace<double>(const SentTraceArgs<double>&, int);

}  // namespace spikeweave::cpu
