// A random trial for both forms of e-prop, and the textbook traces per synapse in double precision.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "spikeweave/ops/gradient.hpp"
#include "support/random_values.hpp"

namespace spikeweave::test {

struct EpropCase {
  std::size_t steps = 20;
  std::size_t frame_steps = 4;
  std::size_t neurons = 33;
  std::size_t outputs = 3;
  std::vector<std::int32_t> length{20, 13, 0};
  std::vector<std::int32_t> segment;  // [batch, steps]
  std::vector<float> error;           // [batch, steps, outputs]
  std::vector<float> feedback;        // [outputs, neurons]
  std::vector<float> rate_factor;     // [batch, neurons] or empty
  std::vector<float> local;           // [batch, steps, neurons] or empty
  std::vector<std::uint8_t> mask;     // [batch, frames, neurons] or empty
  float mask_scale = 1.0f;
  LeakyReadoutDerived<float> readout{0.8f, 0.2f};
  std::vector<float> psi;     // [batch, steps, neurons]
  bool shares_decay = false;  // one membrane constant and input gain for all neurons

  std::size_t batch() const { return length.size(); }
  std::size_t frames() const { return (steps + frame_steps - 1) / frame_steps; }
};

inline EligibilityConstants<float> constants_of(const EpropCase& c, std::size_t neuron) {
  const auto n = static_cast<float>(neuron % 5);
  if (c.shares_decay) return {0.85f, 0.9f, 0.98f, 0.03f * n, 0.2f};
  return {0.9f - 0.05f * n, 1.0f - 0.1f * n, 0.98f, 0.03f * n, 0.2f};
}

inline EpropCase random_eprop(std::size_t neurons, std::size_t outputs, bool is_full) {
  EpropCase c;
  c.neurons = neurons;
  c.outputs = outputs;
  for (std::size_t i = 0; i < 3 * c.steps; ++i) c.segment.push_back(i % 5 == 0 ? -1 : 0);
  c.error = random_floats(3 * c.steps * outputs, 21);
  c.feedback = random_floats(outputs * neurons, 22);
  c.psi = random_floats(3 * c.steps * neurons, 23, 0.0, 0.5);
  if (is_full) {
    c.rate_factor = random_floats(3 * neurons, 24, -0.1, 0.1);
    c.local = random_floats(3 * c.steps * neurons, 26, -0.1, 0.1);
    c.mask = random_bits(3 * c.frames() * neurons, 25, 0.7);
    c.mask_scale = 1.0f / 0.7f;
  }
  return c;
}

// dW of synapse (pre, post) from traces, summed over the trials; pre(b, t) is the presynaptic factor.
// Source: Bellec et al. (2020), eqs. 13, 22-25.
template <class Pre>
double trace_gradient(const EpropCase& c, std::size_t post, const Pre& pre) {
  const EligibilityConstants<float> k = constants_of(c, post);
  double gradient = 0.0;
  for (std::size_t b = 0; b < c.batch(); ++b) {
    double zbar = 0.0;
    double ea = 0.0;
    double ebar = 0.0;
    for (std::size_t t = 0; t < static_cast<std::size_t>(c.length[b]); ++t) {
      double signal = 0.0;
      for (std::size_t o = 0; c.segment[b * c.steps + t] >= 0 && o < c.outputs; ++o) {
        signal += static_cast<double>(c.feedback[o * c.neurons + post]) * c.error[(b * c.steps + t) * c.outputs + o];
      }
      const double visible =
          c.mask.empty() ? 1.0 : c.mask[(b * c.frames() + t / c.frame_steps) * c.neurons + post] * double(c.mask_scale);
      zbar = k.alpha * zbar + k.zeta * pre(b, t);
      const double e = c.psi[(b * c.steps + t) * c.neurons + post] * (zbar - k.beta * ea);
      ea = k.rho * ea + e;
      ebar = c.readout.kappa * ebar + visible * e;
      gradient += c.readout.gain * signal * ebar;
      if (!c.local.empty()) gradient += c.local[(b * c.steps + t) * c.neurons + post] * e;
      if (!c.rate_factor.empty()) gradient += c.rate_factor[b * c.neurons + post] * e;
    }
  }
  return gradient;
}

}  // namespace spikeweave::test
