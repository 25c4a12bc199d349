// Energy units in double precision with given symmetric weights and biases, run by the engine on the CPU; and what the
// theory says of them, computed from the matrix alone.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "host/cpu/cpu_backend.hpp"
#include "spikeweave/network/network_state.hpp"
#include "spikeweave/train/simulator.hpp"

namespace spikeweave::test {

using Vector = std::vector<double>;

// A square matrix by rows.
struct Matrix {
  std::size_t n = 0;
  Vector a;

  explicit Matrix(std::size_t size) : n(size), a(size * size, 0.0) {}
  double& operator()(std::size_t i, std::size_t j) { return a[i * n + j]; }
  double operator()(std::size_t i, std::size_t j) const { return a[i * n + j]; }
};

inline Matrix identity(std::size_t n) {
  Matrix m(n);
  for (std::size_t i = 0; i < n; ++i) m(i, i) = 1.0;
  return m;
}
inline Matrix product(const Matrix& a, const Matrix& b) {
  Matrix c(a.n);
  for (std::size_t i = 0; i < a.n; ++i) {
    for (std::size_t k = 0; k < a.n; ++k) {
      for (std::size_t j = 0; j < a.n; ++j) c(i, j) += a(i, k) * b(k, j);
    }
  }
  return c;
}
inline Matrix transposed(const Matrix& a) {
  Matrix c(a.n);
  for (std::size_t i = 0; i < a.n; ++i) {
    for (std::size_t j = 0; j < a.n; ++j) c(i, j) = a(j, i);
  }
  return c;
}
// p a + q b
inline Matrix combined(double p, const Matrix& a, double q, const Matrix& b) {
  Matrix c(a.n);
  for (std::size_t i = 0; i < c.a.size(); ++i) c.a[i] = p * a.a[i] + q * b.a[i];
  return c;
}
// The x of a x = b, by elimination with row exchange.
inline Vector solved(Matrix a, Vector b) {
  for (std::size_t k = 0; k < a.n; ++k) {
    std::size_t pivot = k;
    for (std::size_t i = k + 1; i < a.n; ++i) pivot = std::abs(a(i, k)) > std::abs(a(pivot, k)) ? i : pivot;
    for (std::size_t j = 0; j < a.n; ++j) std::swap(a(k, j), a(pivot, j));
    std::swap(b[k], b[pivot]);
    for (std::size_t i = k + 1; i < a.n; ++i) {
      const double f = a(i, k) / a(k, k);
      for (std::size_t j = k; j < a.n; ++j) a(i, j) -= f * a(k, j);
      b[i] -= f * b[k];
    }
  }
  for (std::size_t k = a.n; k-- > 0;) {
    for (std::size_t j = k + 1; j < a.n; ++j) b[k] -= a(k, j) * b[j];
    b[k] /= a(k, k);
  }
  return b;
}
inline Matrix inverse(const Matrix& a) {
  Matrix result(a.n);
  for (std::size_t j = 0; j < a.n; ++j) {
    Vector unit(a.n, 0.0);
    unit[j] = 1.0;
    const Vector column = solved(a, unit);
    for (std::size_t i = 0; i < a.n; ++i) result(i, j) = column[i];
  }
  return result;
}

// Symmetric, zero diagonal, each pair normal with standard deviation `scale`/sqrt(n).
inline Matrix random_symmetric(std::size_t n, double scale, std::uint64_t seed) {
  const RandomStream random(seed, Purpose::weights);
  Matrix w(n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < i; ++j) w(i, j) = w(j, i) = scale / std::sqrt(double(n)) * random.normal(i * n + j);
  }
  return w;
}

// The biases come through one input channel that is always 1. `trial` numbers the noise.
class EnergyNetwork {
 public:
  EnergyNetwork(const EnergyUnitParams<Distribution>& unit, const Matrix& weights, const Vector& bias)
      : size_(weights.n),
        backend_(make_cpu_backend<double>(1)),
        network_(build_network(settings_of(unit, weights.n), shape_of(weights.n), 1)),
        state_(*backend_, network_, {}, 1),
        simulator_(state_, learning_, LossKind::squared_error, Reduction::sum, 1, 1) {
    Vector parameters(network_.parameter_count, 0.0);
    for (const Projection& p : network_.projections) {
      for (std::size_t k = 0; k < p.size(); ++k) {
        parameters[p.offset + k] = p.kind == ProjectionKind::input ? bias[k] : weights(p.post_of(k), p.pre_of(k));
      }
    }
    state_.set_parameters(parameters);
  }

  // Runs from the initial state. clamp: the drive X of the first units in the steps from clamp_begin on.
  void run(std::size_t steps, const Vector& clamp = {}, std::size_t clamp_begin = 0, std::uint32_t trial = 0) {
    TrialBatch batch;
    batch.batch = 1;
    batch.steps = batch.frames = steps;
    batch.intensity.assign(steps, 1.0f);
    batch.length = {static_cast<std::int32_t>(steps)};
    batch.segment.assign(steps, -1);
    if (!clamp.empty()) {
      batch.clamp.assign(steps * size_, std::numeric_limits<float>::quiet_NaN());
      for (std::size_t t = clamp_begin; t < steps; ++t) {
        for (std::size_t i = 0; i < clamp.size(); ++i) batch.clamp[t * size_ + i] = static_cast<float>(clamp[i]);
      }
    }
    std::vector<StateTrace> traces(1);
    for (std::size_t j = 0; j < size_; ++j) traces[0].neurons.push_back(j);
    simulator_.run(batch, std::vector<std::uint32_t>{trial}, {.training = false, .traces = traces});
    outputs_ = simulator_.neuron_outputs();
    states_ = simulator_.traces().front();
  }

  // rho(s~) of step t.
  Vector rates(std::size_t t) const {
    const auto first = outputs_.begin() + static_cast<std::ptrdiff_t>(t * size_);
    return {first, first + static_cast<std::ptrdiff_t>(size_)};
  }
  // s of step t, in single precision.
  Vector states(std::size_t t) const {
    const auto first = states_.begin() + static_cast<std::ptrdiff_t>(t * size_);
    return {first, first + static_cast<std::ptrdiff_t>(size_)};
  }

 private:
  static TaskShape shape_of(std::size_t n) {
    TaskShape shape;
    shape.inputs = 1;
    shape.encoding = Encoding::current;
    shape.max_steps = 1000000;
    shape.cells = n;
    return shape;
  }
  static NetworkSettings settings_of(const EnergyUnitParams<Distribution>& unit, std::size_t n) {
    NetworkSettings settings;
    settings.populations = {{"units", static_cast<int>(n), {}}};
    settings.populations[0].neuron.value = unit;
    settings.projections.resize(2);
    settings.projections[0].from = {"input"};
    settings.projections[1].from = {"units"};
    for (ProjectionSettings& p : settings.projections) p.to = {"units"}, p.trainable = false;
    return settings;
  }

  std::size_t size_;
  std::unique_ptr<Backend<double>> backend_;
  LearningSettings learning_{};
  Network network_;
  NetworkState<double> state_;
  Simulator<double> simulator_;
  Vector outputs_;             // [steps, units]
  std::vector<float> states_;  // [steps, units]
};

}  // namespace spikeweave::test
