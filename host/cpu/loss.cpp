#include "spikeweave/learning/loss.hpp"

#include <algorithm>
#include <optional>
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

// Adds up the steps of a segment and writes its mean after the last of them.
template <class Real>
class SegmentMean {
 public:
  SegmentMean(const LossArgs<Real>& args, std::size_t b) : args_(args), b_(b), sum_(args.output.shape[2], 0.0) {
    const std::size_t size = args.segment_output.shape[1] * sum_.size();
    if (args.window.begin == 0) {
      std::fill_n(args.segment_output.row(b), size, 0.0f);
    } else {
      std::copy_n(args.segment_sum.row(b), sum_.size(), sum_.begin());
    }
  }

  void add(std::size_t t, std::int32_t segment, const Real* y) {
    for (std::size_t k = 0; k < sum_.size(); ++k) sum_[k] += static_cast<double>(y[k]);
    if (t + 1 < static_cast<std::size_t>(args_.length[b_]) && args_.segment(b_, t + 1) == segment) return;
    std::size_t first = t;
    while (first > 0 && args_.segment(b_, first - 1) == segment) --first;
    for (std::size_t k = 0; k < sum_.size(); ++k) {
      args_.segment_output(b_, static_cast<std::size_t>(segment), k) =
          static_cast<float>(sum_[k] / static_cast<double>(t + 1 - first));
    }
    std::fill(sum_.begin(), sum_.end(), 0.0);
  }

  void keep() const {
    if (!args_.segment_sum.empty()) std::copy_n(sum_.begin(), sum_.size(), args_.segment_sum.row(b_));
  }

 private:
  const LossArgs<Real>& args_;
  const std::size_t b_;
  std::vector<double> sum_;
};

template <class Real>
void trial_loss(const LossArgs<Real>& args, std::size_t b) {
  const std::size_t outputs = args.output.shape[2];
  std::optional<SegmentMean<Real>> mean;
  if (!args.segment_output.empty()) mean.emplace(args, b);
  std::vector<Real> unwanted(outputs);
  double loss = !args.loss.empty() && args.window.begin > 0 ? args.loss[b] : 0.0;
  for (std::size_t t = args.window.begin; t < args.window.end_or(args.output.shape[1]); ++t) {
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
    if (mean) mean->add(t, segment, y);
  }
  if (mean) mean->keep();
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
