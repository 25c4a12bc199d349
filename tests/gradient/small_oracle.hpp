// The small network as the oracle sees it.
#pragma once

#include <cmath>
#include <vector>

#include "tests/gradient/oracle.hpp"
#include "tests/gradient/small_network.hpp"

namespace spikeweave::testing {

// One trial of the small network, seen by the oracle.
inline oracle::OracleNetwork oracle_network(const SmallNetworkCase& c, SmallNetwork<double>& net) {
  using Net = SmallNetwork<double>;
  oracle::OracleNetwork o(Net::inputs, Net::neurons, Net::outputs);
  for (std::size_t j = 0; j < Net::neurons; ++j) {
    const bool alif = c.adaptation && j >= 5;
    o.alpha[j] = std::exp(-1.0 / (alif ? 12.0 : 8.0));
    o.rho_a[j] = std::exp(-1.0 / 40.0);
    o.beta[j] = alif ? 0.2 : 0.0;
    o.v_th[j] = 0.6;
    o.zeta[j] = 1.0;
    o.gamma[j] = 0.3;
    o.n_ref[j] = 2;
  }
  if (c.relaxed) o.relaxation_width = 0.3;
  o.kappa = c.tau_out > 0.0 ? std::exp(-1.0 / c.tau_out) : 0.0;
  o.readout_gain = 1.0 - o.kappa;
  o.delay = static_cast<std::size_t>(c.delay);
  const std::vector<double> p = net.state.parameters();
  const auto block = [&](std::size_t n, oracle::Matrix& to) {
    for (std::size_t i = 0; i < to.columns; ++i) {
      for (std::size_t j = 0; j < to.rows; ++j) to(j, i) = p[net.network.projections[n].offset + i * to.rows + j];
    }
  };
  block(0, o.w_in);
  block(1, o.w_rec);
  block(2, o.w_out);
  const std::vector<double> feedback = net.state.feedback();
  for (std::size_t k = 0; k < Net::outputs; ++k) {
    for (std::size_t j = 0; j < Net::neurons; ++j) o.feedback(j, k) = feedback[k * Net::neurons + j];
  }
  return o;
}

// [parameter_count], in the library's order: what `gradient_of` says of each trial, averaged as the simulator does.
template <class GradientOf>
std::vector<double> oracle_gradient(const SmallNetworkCase& c, SmallNetwork<double>& net, GradientOf&& gradient_of) {
  using Net = SmallNetwork<double>;
  const oracle::OracleNetwork o = oracle_network(c, net);
  oracle::OracleGradient sum(o);
  for (std::size_t b = 0; b < Net::batch; ++b) {
    const auto length = static_cast<std::size_t>(net.trials.length[b]);
    oracle::Matrix input(length, Net::inputs);
    for (std::size_t n = 0; n < input.values.size(); ++n) {
      input.values[n] = net.trials.events[b * Net::steps * Net::inputs + n];
    }
    oracle::OracleTarget target;
    target.loss = c.loss == LossKind::squared_error ? oracle::OracleLoss::squared_error
                  : c.loss == LossKind::softmax     ? oracle::OracleLoss::softmax_cross_entropy
                                                    : oracle::OracleLoss::sigmoid_cross_entropy;
    target.values = oracle::Matrix(length, Net::outputs);
    target.weights.assign(length, 0.0);
    for (std::size_t s = 0; s < Net::window; ++s) {
      const std::size_t t = length - Net::window + s;
      target.weights[t] = 1.0;
      for (std::size_t k = 0; k < Net::outputs; ++k) {
        const std::size_t segment = b * Net::window + s;
        target.values(t, k) = c.loss == LossKind::softmax
                                  ? (net.trials.target_class[segment] == static_cast<std::int32_t>(k) ? 1.0 : 0.0)
                                  : net.trials.target[segment * Net::outputs + k];
      }
    }
    const oracle::OracleRecord record = oracle::run_trial(o, input);
    const oracle::OracleError error = oracle::evaluate(target, record.y);
    const std::vector<double> rate = oracle::rate_signal(record, c.rate_coefficient, 0.02);
    const double scale = 1.0 / static_cast<double>(Net::window * Net::batch);
    oracle::add_scaled(sum, gradient_of(oracle::OracleTrial{o, input, record, error.error, rate}), scale);
  }
  std::vector<double> flat;
  for (const oracle::Matrix* block : {&sum.in, &sum.rec, &sum.out}) {
    const oracle::Matrix rows = oracle::transposed(*block);
    flat.insert(flat.end(), rows.values.begin(), rows.values.end());
  }
  flat.insert(flat.end(), sum.bias.begin(), sum.bias.end());
  return flat;
}

}  // namespace spikeweave::testing
