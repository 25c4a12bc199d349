#include <vector>

#include "host/cpu/operations.hpp"
#include "spikeweave/optim/constraints.hpp"

namespace spikeweave::cpu {
namespace {

// The parameters of row i. increment [columns]: what is added to each. is_adaptive: as step.adaptive, so that the loop
// has no branch.
template <bool is_adaptive, class Real>
void change_row(const ApplyArgs<Real>& args, std::size_t i, Real* __restrict increment) {
  const std::size_t columns = args.parameter.shape[1];
  const Real* const gradient = args.gradient.row(i);
  Real* const parameter = args.parameter.row(i);
  [[maybe_unused]] Real* const first = args.first_moment.row(i);
  [[maybe_unused]] Real* const second = args.second_moment.row(i);
  OptimizerStep<Real> step = args.step;
  step.adaptive = is_adaptive ? Real(1) : Real(0);
  const Real decay = args.feedback.decay, low = args.low, high = args.high;
#pragma GCC ivdep
  for (std::size_t j = 0; j < columns; ++j) {
    Moments<Real> m;
    if constexpr (is_adaptive) m = {first[j], second[j]};
    increment[j] = optimizer_increment(step, m, gradient[j]);
    if constexpr (is_adaptive) {
      first[j] = m.first;
      second[j] = m.second;
    }
    parameter[j] = constrain(decay * (parameter[j] + increment[j]), low, high);
  }
}

template <class Real>
void apply_row(const ApplyArgs<Real>& args, std::size_t i, Real* increment) {
  args.step.adaptive == Real(0) ? change_row<false>(args, i, increment) : change_row<true>(args, i, increment);
  const std::size_t columns = args.parameter.shape[1];
  const Real* const parameter = args.parameter.row(i);
  if (!args.average.empty()) {
    Real* const average = args.average.row(i);
    for (std::size_t j = 0; j < columns; ++j) {
      average[j] = running_average(average[j], parameter[j], args.average_decay);
    }
  }
  const FeedbackArgs<Real> feedback = args.feedback;
  for (std::size_t j = 0; j < columns; ++j) feedback.update(i, j, increment[j], parameter[j]);
}

}  // namespace

template <class Real>
void apply(const ApplyArgs<Real>& args, int threads) {
  const std::size_t rows = args.parameter.shape[0];
#pragma omp parallel num_threads(threads) if (args.parameter.size() > 100000)
  {
    std::vector<Real> increment(args.parameter.shape[1]);
#pragma omp for schedule(static)
    for (std::size_t i = 0; i < rows; ++i) apply_row(args, i, increment.data());
  }
}
template void apply<float>(const ApplyArgs<float>&, int);
template void apply<double>(const ApplyArgs<double>&, int);

template <class Real>
double sum_of_squares(View<const Real> values) {
  double sum = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i)
    sum += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  return sum;
}
template double sum_of_squares<float>(View<const float>);
template double sum_of_squares<double>(View<const double>);

}  // namespace spikeweave::cpu
