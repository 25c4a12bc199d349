#include "spikeweave/learning/loss.hpp"

#include <algorithm>
#include <vector>

#include "host/cpu/operations.hpp"

namespace spikeweave::cpu {
namespace {

// Loss of one scored step; error[k] gets dE/dy, not yet scaled.
template <class Real>
double step_loss(const LossArgs<Real>& args, std::size_t b, std::size_t segment, const Real* y, Real* error) {
  const std::size_t outputs = args.output.shape[2];
  double loss = 0.0;
  Real largest = 0;
  Real total = 0;
  if (args.kind == LossKind::softmax) {
    largest = *std::max_element(y, y + outputs);
    for (std::size_t k = 0; k < outputs; ++k) total += std::exp(y[k] - largest);
  }
  for (std::size_t k = 0; k < outputs; ++k) {
    OutputLoss<Real> out{};
    switch (args.kind) {
      case LossKind::squared_error:
        out = squared_error(y[k], args.target(b, segment, k));
        break;
      case LossKind::softmax:
        out = softmax_cross_entropy(y[k], largest, total, static_cast<std::size_t>(args.target_class(b, segment)) == k);
        break;
      case LossKind::bernoulli:
        out = bernoulli_cross_entropy(y[k], args.target(b, segment, k));
        break;
    }
    loss += static_cast<double>(out.loss);
    error[k] = out.error;
  }
  return loss;
}

template <class Real>
void trial_loss(const LossArgs<Real>& args, std::size_t b) {
  const std::size_t outputs = args.output.shape[2];
  const std::size_t segments = args.segment_output.empty() ? 0 : args.segment_output.shape[1];
  std::vector<std::size_t> segment_steps(segments, 0);
  std::vector<Real> unwanted(outputs);
  if (segments > 0) std::fill_n(args.segment_output.row(b), segments * outputs, 0.0f);
  double loss = 0.0;
  for (std::size_t t = args.window.begin; t < args.window.end_in(args.output.shape[1]); ++t) {
    const std::int32_t segment = args.segment(b, t);
    Real* error = args.error.empty() ? unwanted.data() : args.error.row(b, t);
    if (segment < 0 || t >= static_cast<std::size_t>(args.length[b])) {
      std::fill_n(error, outputs, Real(0));
      continue;
    }
    const auto s = static_cast<std::size_t>(segment);
    const Real* y = args.output.row(b, t);
    loss += step_loss(args, b, s, y, error);
    for (std::size_t k = 0; k < outputs; ++k) error[k] *= args.scale[b];
    if (segments == 0) continue;
    for (std::size_t k = 0; k < outputs; ++k) args.segment_output(b, s, k) += static_cast<float>(y[k]);
    ++segment_steps[s];
  }
  for (std::size_t s = 0; s < segments; ++s) {
    for (std::size_t k = 0; k < outputs && segment_steps[s] > 0; ++k) {
      args.segment_output(b, s, k) /= static_cast<float>(segment_steps[s]);
    }
  }
  if (!args.loss.empty()) args.loss[b] = loss;
}

}  // namespace

template <class Real>
void loss(const LossArgs<Real>& args, int threads) {
#pragma omp parallel for schedule(dynamic) num_threads(threads_for(args.output.shape[0], threads))
  for (std::size_t b = 0; b < args.output.shape[0]; ++b) trial_loss(args, b);
}
template void loss<float>(const LossArgs<float>&, int);
template void loss<double>(const LossArgs<double>&, int);

}  // namespace spikeweave::cpu
