#include "host/cpu/operations.hpp"
#include "spikeweave/optim/constraints.hpp"

namespace spikeweave::cpu {
namespace {

template <class Real>
void apply_row(const ApplyArgs<Real>& args, std::size_t i) {
  const std::size_t columns = args.parameter.shape[1];
  for (std::size_t j = 0; j < columns; ++j) {
    Moments<Real> m{args.first_moment(i, j), args.second_moment(i, j)};
    const Real increment = optimizer_increment(args.step, m, args.gradient(i, j));
    args.first_moment(i, j) = m.first;
    args.second_moment(i, j) = m.second;
    const Real changed = constrain(args.feedback.decay * (args.parameter(i, j) + increment), args.low, args.high);
    args.parameter(i, j) = changed;
    if (!args.average.empty()) args.average(i, j) = running_average(args.average(i, j), changed, args.average_decay);
    args.feedback.update(i, j, increment, changed);
  }
}

}  // namespace

template <class Real>
void apply(const ApplyArgs<Real>& args, int threads) {
  const std::size_t rows = args.parameter.shape[0];
#pragma omp parallel for schedule(static) num_threads(threads) if (args.parameter.size() > 100000)
  for (std::size_t i = 0; i < rows; ++i) apply_row(args, i);
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
