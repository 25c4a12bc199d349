// E-prop with weights that change by gradient descent every so many steps, written from the equations alone, trial
// beside trial: what chunk and step updates are held to. Shares no code with the library.
//
// Source: Bellec et al. (2020), Nat. Commun. 11:3625, eqs. 13, 22-25; the rate penalty with the rate so far.
#pragma once

#include <cmath>
#include <vector>

#include "tests/gradient/oracle.hpp"

namespace spikeweave::oracle {

struct OnlineTrial {
  Matrix input;                 // [T, inputs]
  Matrix target;                // [T, outputs]  squared error
  std::vector<double> weights;  // [T]  0: not scored
  double scale = 1.0;           // of the trial's errors and penalty
};

class OnlineEprop {
 public:
  OnlineEprop(OracleNetwork& network, const std::vector<OnlineTrial>& trials, bool symmetric, double c_reg, double rate)
      : net_(network), trials_(trials), symmetric_(symmetric), c_reg_(c_reg), rate_(rate) {
    for (const OnlineTrial& trial : trials) states_.emplace_back(network, trial.input.rows);
  }

  // Runs all steps; the weights change by -eta times the gradient after every `window` of them. Returns the spikes.
  double run(std::size_t steps, std::size_t window, double eta) {
    double spikes = 0.0;
    for (std::size_t begin = 0; begin < steps; begin += window) {
      const std::size_t end = std::min(begin + window, steps);
      OracleGradient sum(net_);
      for (std::size_t b = 0; b < trials_.size(); ++b) {
        const std::size_t last = std::min(end, trials_[b].input.rows);
        for (std::size_t t = begin; t < last; ++t) spikes += step(b, t);
        for (std::size_t t = begin; t < last; ++t) learn(b, t, last, sum);
      }
      apply(net_.w_in, sum.in, eta);
      apply(net_.w_rec, sum.rec, eta);
      apply(net_.w_out, sum.out, eta);
      for (std::size_t k = 0; k < net_.output_count; ++k) net_.bias[k] -= eta * sum.bias[k];
      if (symmetric_) net_.feedback = transposed(net_.w_out);
    }
    return spikes;
  }

 private:
  struct State {
    State(const OracleNetwork& n, std::size_t steps)
        : v(n.neuron_count),
          a(v),
          r(v),
          count(v),
          y(n.output_count),
          out(v),
          psi(steps, n.neuron_count),
          z(psi),
          error(steps, n.output_count),
          in{n.neuron_count, n.input_count},
          rec{n.neuron_count, n.neuron_count} {}
    struct Traces {
      Traces(std::size_t post, std::size_t pre) : zbar(post, pre), ea(post, pre), ebar(post, pre) {}
      Matrix zbar, ea, ebar;
    };
    std::vector<double> v, a, r, count, y, out;  // out: filtered spikes of the readout
    Matrix psi, z, error;
    Traces in, rec;
  };

  static void apply(Matrix& weights, const Matrix& gradient, double eta) {
    for (std::size_t n = 0; n < weights.values.size(); ++n) weights.values[n] -= eta * gradient.values[n];
  }

  double step(std::size_t b, std::size_t t) {
    State& s = states_[b];
    const OnlineTrial& trial = trials_[b];
    double fired = 0.0;
    for (std::size_t j = 0; j < net_.neuron_count; ++j) {
      double current = 0.0;
      for (std::size_t i = 0; i < net_.input_count; ++i) current += net_.w_in(j, i) * trial.input(t, i);
      for (std::size_t i = 0; t > 0 && i < net_.neuron_count; ++i) {
        if (i != j) current += net_.w_rec(j, i) * s.z(t - 1, i);
      }
      const double last = t > 0 ? s.z(t - 1, j) : 0.0;
      s.r[j] = std::max(s.r[j] - 1.0, 0.0);
      s.v[j] = net_.alpha[j] * s.v[j] + net_.zeta[j] * current - net_.v_th[j] * last;
      s.a[j] = net_.rho_a[j] * s.a[j] + last;
      const double excess = s.v[j] - net_.v_th[j] - net_.beta[j] * s.a[j];
      const bool ready = s.r[j] == 0.0;
      s.psi(t, j) = ready ? net_.gamma[j] / net_.v_th[j] * std::max(0.0, 1.0 - std::abs(excess) / net_.v_th[j]) : 0.0;
      s.z(t, j) = ready && excess >= 0.0 ? 1.0 : 0.0;
      if (s.z(t, j) > 0.0) s.r[j] = net_.n_ref[j];
      s.count[j] += s.z(t, j);
      fired += s.z(t, j);
    }
    for (std::size_t k = 0; k < net_.output_count; ++k) {
      double drive = 0.0;
      for (std::size_t j = 0; j < net_.neuron_count; ++j) drive += net_.w_out(k, j) * s.z(t, j);
      s.y[k] = net_.kappa * s.y[k] + net_.readout_gain * drive;
      s.error(t, k) = trial.weights[t] * trial.scale * (s.y[k] + net_.bias[k] - trial.target(t, k));
    }
    return fired;
  }

  // so_far: steps of the trial up to the end of the window, over which the rate is taken.
  void learn(std::size_t b, std::size_t t, std::size_t so_far, OracleGradient& sum) {
    State& s = states_[b];
    const OnlineTrial& trial = trials_[b];
    const auto length = static_cast<double>(trial.input.rows);
    for (std::size_t j = 0; j < net_.neuron_count; ++j) {
      double signal = 0.0;
      for (std::size_t k = 0; k < net_.output_count; ++k) signal += net_.feedback(j, k) * s.error(t, k);
      const double penalty = trial.scale * c_reg_ * (s.count[j] / static_cast<double>(so_far) - rate_) / length;
      const auto synapse = [&](State::Traces& trace, std::size_t i, double pre, double& gradient) {
        trace.zbar(j, i) = net_.alpha[j] * trace.zbar(j, i) + net_.zeta[j] * pre;
        const double e = s.psi(t, j) * (trace.zbar(j, i) - net_.beta[j] * trace.ea(j, i));
        trace.ea(j, i) = net_.rho_a[j] * trace.ea(j, i) + e;
        trace.ebar(j, i) = net_.kappa * trace.ebar(j, i) + net_.readout_gain * e;
        gradient += signal * trace.ebar(j, i) + penalty * e;
      };
      for (std::size_t i = 0; i < net_.input_count; ++i) synapse(s.in, i, trial.input(t, i), sum.in(j, i));
      for (std::size_t i = 0; i < net_.neuron_count; ++i) {
        if (i != j) synapse(s.rec, i, t > 0 ? s.z(t - 1, i) : 0.0, sum.rec(j, i));
      }
      s.out[j] = net_.kappa * s.out[j] + net_.readout_gain * s.z(t, j);
      for (std::size_t k = 0; k < net_.output_count; ++k) sum.out(k, j) += s.error(t, k) * s.out[j];
    }
    for (std::size_t k = 0; k < net_.output_count; ++k) sum.bias[k] += s.error(t, k);
  }

  OracleNetwork& net_;
  const std::vector<OnlineTrial>& trials_;
  bool symmetric_;
  double c_reg_, rate_;
  std::vector<State> states_;
};

}  // namespace spikeweave::oracle
