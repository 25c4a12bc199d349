#include <algorithm>

#include "host/cpu/operations.hpp"

namespace spikeweave::cpu {

template <class Real>
void phase_factor(const PhaseFactorArgs<Real>& args, int threads) {
  const std::size_t batch = args.psi_to_factor.shape[0];
  const std::size_t cells = args.psi_to_factor.shape[2];
  const std::size_t end = args.window.end_or(args.psi_to_factor.shape[1]);
  PhaseRules::visit(args.rule, [&]<class Rule>() {
#pragma omp parallel for schedule(static) num_threads(threads_for(batch, threads))
    for (std::size_t b = 0; b < batch; ++b) {
      for (std::size_t t = args.window.begin; t < end; ++t) {
        Real* const factor = args.psi_to_factor.row(b, t);
        const Real weight = args.weight(b, t);
        if (static_cast<std::int64_t>(t) >= args.length[b] || weight == Real(0)) {
          std::fill_n(factor, cells, Real(0));
          continue;
        }
        const Real* const outputs = args.outputs.row(b, t);
        for (std::size_t j = 0; j < cells; ++j) factor[j] = -weight * Rule::template post<Real>(factor[j], outputs[j]);
      }
    }
  });
}
template void phase_factor<float>(const PhaseFactorArgs<float>&, int);
template void phase_factor<double>(const PhaseFactorArgs<double>&, int);

}  // namespace spikeweave::cpu
