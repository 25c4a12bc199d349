#include <algorithm>
#include <vector>

#include "host/cpu/operations.hpp"

namespace spikeweave::cpu {

template <class Real>
void local_signal(const LocalSignalArgs<Real>& args, int threads) {
  const std::size_t batch = args.signal.shape[0];
  const std::size_t neurons = args.signal.shape[2];
#pragma omp parallel for schedule(dynamic) num_threads(threads_for(batch, threads))
  for (std::size_t b = 0; b < batch; ++b) {
    std::vector<Real> trace(neurons, Real(0));
    if (args.window.begin > 0) std::copy_n(args.trace.row(b), neurons, trace.begin());
    const Real scale = args.scale[b];
    const auto length = static_cast<std::size_t>(args.length[b]);
    for (std::size_t t = args.window.begin; t < args.window.end_in(length); ++t) {
      const std::uint8_t* const spikes = args.spikes.row(b, t);
      Real* const signal = args.signal.row(b, t);
      for (std::size_t j = 0; j < neurons; ++j) {
        const auto spike = static_cast<Real>(spikes[j]);
        signal[j] = local_signal_value(args.prediction, scale, args.is_given ? signal[j] : trace[j], spike);
        trace[j] = predicted_spike(args.prediction, trace[j], spike);
      }
    }
    if (!args.trace.empty()) std::copy_n(trace.begin(), neurons, args.trace.row(b));
  }
}
template void local_signal<float>(const LocalSignalArgs<float>&, int);
template void local_signal<double>(const LocalSignalArgs<double>&, int);

}  // namespace spikeweave::cpu
