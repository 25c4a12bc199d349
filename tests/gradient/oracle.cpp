#include "tests/gradient/oracle.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace spikeweave::oracle {
namespace {

// z[t-delay,i]; nothing fired before the first step.
double earlier_spike(const OracleRecord& record, std::size_t t, std::size_t delay, std::size_t i) {
  return t < delay ? 0.0 : record.z(t - delay, i);
}

double sigmoid(double u) {
  return 1.0 / (1.0 + std::exp(-u));
}

double input_current(const OracleNetwork& net, const Matrix& input, const OracleRecord& record, std::size_t t,
                     std::size_t j) {
  double current = 0.0;
  for (std::size_t i = 0; i < net.input_count; ++i) current += net.w_in(j, i) * input(t, i);
  for (std::size_t i = 0; i < net.neuron_count; ++i) {
    if (i != j) current += net.w_rec(j, i) * earlier_spike(record, t, net.delay, i);
  }
  return current;
}

// sum_t error[t,k] * zk[t,j] with zk = kappa * zk + gain * z, and the bias, which sees no filter.
void add_readout_gradient(const OracleTrial& trial, OracleGradient& gradient) {
  const OracleNetwork& net = trial.network;
  std::vector<double> filtered(net.neuron_count, 0.0);
  for (std::size_t t = 0; t < trial.error.rows; ++t) {
    for (std::size_t j = 0; j < net.neuron_count; ++j) {
      filtered[j] = net.kappa * filtered[j] + net.readout_gain * trial.record.z(t, j);
      for (std::size_t k = 0; k < net.output_count; ++k) gradient.out(k, j) += trial.error(t, k) * filtered[j];
    }
    for (std::size_t k = 0; k < net.output_count; ++k) gradient.bias[k] += trial.error(t, k);
  }
}

// L[t,j] = sum_k B[j,k] * error[t,k]
Matrix learning_signal(const OracleTrial& trial) {
  const OracleNetwork& net = trial.network;
  Matrix signal(trial.error.rows, net.neuron_count);
  for (std::size_t t = 0; t < signal.rows; ++t) {
    for (std::size_t j = 0; j < net.neuron_count; ++j) {
      for (std::size_t k = 0; k < net.output_count; ++k) signal(t, j) += net.feedback(j, k) * trial.error(t, k);
    }
  }
  return signal;
}

// The low-pass filter that turns e into what meets the learning signal: filtered = decay * filtered + gain * e.
struct TraceFilter {
  double decay;
  double gain;
};

// One synapse over the whole trial. pre(t) is the presynaptic spike that acts at step t.
template <class Pre>
double synapse_gradient(const OracleTrial& trial, const Matrix& signal, const TraceFilter& filter, Eligibility form,
                        std::size_t j, const Pre& pre) {
  const OracleNetwork& net = trial.network;
  const double reset = form == Eligibility::with_reset ? net.v_th[j] : 0.0;
  double voltage_trace = 0.0;     // zb, or ev with the reset
  double adaptation_trace = 0.0;  // ea
  double eligibility = 0.0;       // e of the step before
  double filtered = 0.0;          // eb
  double gradient = 0.0;
  for (std::size_t t = 0; t < signal.rows; ++t) {
    voltage_trace = net.alpha[j] * voltage_trace + net.zeta[j] * pre(t) - reset * eligibility;
    adaptation_trace = net.rho_a[j] * adaptation_trace + eligibility;
    eligibility = trial.record.psi(t, j) * (voltage_trace - net.beta[j] * adaptation_trace);
    filtered = filter.decay * filtered + filter.gain * eligibility;
    gradient += signal(t, j) * filtered + trial.rate[j] * eligibility;
  }
  return gradient;
}

void add_synapse_gradients(const OracleTrial& trial, const Matrix& signal, const TraceFilter& filter, Eligibility form,
                           OracleGradient& gradient) {
  const OracleNetwork& net = trial.network;
  for (std::size_t j = 0; j < net.neuron_count; ++j) {
    for (std::size_t i = 0; i < net.input_count; ++i) {
      const auto pre = [&](std::size_t t) { return trial.input(t, i); };
      gradient.in(j, i) = synapse_gradient(trial, signal, filter, form, j, pre);
    }
    for (std::size_t i = 0; i < net.neuron_count; ++i) {
      const auto pre = [&](std::size_t t) { return earlier_spike(trial.record, t, net.delay, i); };
      if (i != j) gradient.rec(j, i) = synapse_gradient(trial, signal, filter, form, j, pre);
    }
  }
}

// g_in += zeta * voltage_adjoint * x[t], g_rec += zeta * voltage_adjoint * z[t-delay].
void add_outer_product(const OracleTrial& trial, const std::vector<double>& voltage_adjoint, std::size_t t,
                       OracleGradient& gradient) {
  const OracleNetwork& net = trial.network;
  for (std::size_t j = 0; j < net.neuron_count; ++j) {
    const double post = net.zeta[j] * voltage_adjoint[j];
    for (std::size_t i = 0; i < net.input_count; ++i) gradient.in(j, i) += post * trial.input(t, i);
    for (std::size_t i = 0; i < net.neuron_count; ++i) {
      if (i != j) gradient.rec(j, i) += post * earlier_spike(trial.record, t, net.delay, i);
    }
  }
}

void evaluate_step(const OracleTarget& target, const Matrix& y, std::size_t t, OracleError& result) {
  const double weight = target.weights[t];
  if (weight == 0.0) return;  // outside the window the target need not be finite
  double largest = y(t, 0);
  for (std::size_t k = 0; k < y.columns; ++k) largest = std::max(largest, y(t, k));
  double exp_sum = 0.0;
  for (std::size_t k = 0; k < y.columns; ++k) exp_sum += std::exp(y(t, k) - largest);
  for (std::size_t k = 0; k < y.columns; ++k) {
    const double output = y(t, k);
    const double wanted = target.values(t, k);
    if (target.loss == OracleLoss::squared_error) {
      result.loss += weight * 0.5 * (output - wanted) * (output - wanted);
      result.error(t, k) = weight * (output - wanted);
    } else if (target.loss == OracleLoss::softmax_cross_entropy) {
      const double log_probability = output - largest - std::log(exp_sum);
      result.loss -= weight * wanted * log_probability;
      result.error(t, k) = weight * (std::exp(log_probability) - wanted);
    } else {
      // -[w log s + (1-w) log(1-s)] = max(y,0) - w y + log(1 + exp(-|y|)), which does not overflow
      result.loss += weight * (std::max(output, 0.0) - wanted * output + std::log1p(std::exp(-std::abs(output))));
      result.error(t, k) = weight * (sigmoid(output) - wanted);
    }
  }
}

}  // namespace

OracleNetwork::OracleNetwork(std::size_t inputs, std::size_t neurons, std::size_t outputs)
    : input_count(inputs),
      neuron_count(neurons),
      output_count(outputs),
      alpha(neurons, std::exp(-1.0 / 20.0)),
      rho_a(neurons, std::exp(-1.0 / 2000.0)),
      beta(neurons, 0.0),
      v_th(neurons, 0.6),
      zeta(neurons, 1.0),
      gamma(neurons, 0.3),
      n_ref(neurons, 0),
      kappa(std::exp(-1.0 / 20.0)),
      readout_gain(1.0 - std::exp(-1.0 / 20.0)),
      w_in(neurons, inputs),
      w_rec(neurons, neurons),
      w_out(outputs, neurons),
      bias(outputs, 0.0),
      feedback(neurons, outputs) {}

OracleRecord run_trial(const OracleNetwork& net, const Matrix& input) {
  const std::size_t steps = input.rows;
  OracleRecord record{Matrix(steps, net.neuron_count), Matrix(steps, net.neuron_count), Matrix(steps, net.neuron_count),
                      Matrix(steps, net.neuron_count), Matrix(steps, net.output_count)};
  const bool relaxed = net.relaxation_width > 0.0;
  std::vector<double> adaptation(net.neuron_count, 0.0);
  std::vector<int> refractory(net.neuron_count, 0);
  std::vector<double> filter(net.output_count, 0.0);
  for (std::size_t t = 0; t < steps; ++t) {
    for (std::size_t j = 0; j < net.neuron_count; ++j) {
      refractory[j] = std::max(refractory[j] - 1, 0);
      const double fired = earlier_spike(record, t, 1, j);
      const double before = t == 0 ? 0.0 : record.v(t - 1, j);
      const double v =
          net.alpha[j] * before + net.zeta[j] * input_current(net, input, record, t, j) - net.v_th[j] * fired;
      adaptation[j] = net.rho_a[j] * adaptation[j] + fired;
      const double threshold = net.v_th[j] + net.beta[j] * adaptation[j];
      record.v(t, j) = v;
      record.threshold(t, j) = threshold;
      if (relaxed) {
        const double s = sigmoid((v - threshold) / net.relaxation_width);
        record.z(t, j) = s;
        record.psi(t, j) = s * (1.0 - s) / net.relaxation_width;
      } else if (refractory[j] == 0) {
        record.psi(t, j) = net.gamma[j] / net.v_th[j] * std::max(0.0, 1.0 - std::abs(v - threshold) / net.v_th[j]);
        record.z(t, j) = v >= threshold ? 1.0 : 0.0;
        if (v >= threshold) refractory[j] = net.n_ref[j];
      }
    }
    for (std::size_t k = 0; k < net.output_count; ++k) {
      double drive = 0.0;
      for (std::size_t j = 0; j < net.neuron_count; ++j) drive += net.w_out(k, j) * record.z(t, j);
      filter[k] = net.kappa * filter[k] + net.readout_gain * drive;
      record.y(t, k) = filter[k] + net.bias[k];
    }
  }
  return record;
}

OracleError evaluate(const OracleTarget& target, const Matrix& y) {
  OracleError result{0.0, Matrix(y.rows, y.columns)};
  for (std::size_t t = 0; t < y.rows; ++t) evaluate_step(target, y, t, result);
  return result;
}

std::vector<double> rate_signal(const OracleRecord& record, double c_reg, double rate) {
  const auto steps = static_cast<double>(record.z.rows);
  std::vector<double> signal(record.z.columns, 0.0);
  for (std::size_t j = 0; j < signal.size(); ++j) {
    double spikes = 0.0;
    for (std::size_t t = 0; t < record.z.rows; ++t) spikes += record.z(t, j);
    signal[j] = c_reg * (spikes / steps - rate) / steps;
  }
  return signal;
}

OracleGradient::OracleGradient(const OracleNetwork& network)
    : in(network.neuron_count, network.input_count),
      rec(network.neuron_count, network.neuron_count),
      out(network.output_count, network.neuron_count),
      bias(network.output_count, 0.0) {}

void add_scaled(OracleGradient& sum, const OracleGradient& term, double factor) {
  const auto add = [factor](std::vector<double>& to, const std::vector<double>& from) {
    for (std::size_t n = 0; n < to.size(); ++n) to[n] += factor * from[n];
  };
  add(sum.in.values, term.in.values);
  add(sum.rec.values, term.rec.values);
  add(sum.out.values, term.out.values);
  add(sum.bias, term.bias);
}

OracleGradient eprop_forward(const OracleTrial& trial, Eligibility form) {
  OracleGradient gradient(trial.network);
  add_synapse_gradients(trial, learning_signal(trial), {trial.network.kappa, trial.network.readout_gain}, form,
                        gradient);
  add_readout_gradient(trial, gradient);
  return gradient;
}

OracleGradient eprop_adjoint(const OracleTrial& trial) {
  const OracleNetwork& net = trial.network;
  const Matrix signal = learning_signal(trial);
  OracleGradient gradient(net);
  std::vector<double> filtered(net.neuron_count, 0.0);   // c
  std::vector<double> threshold(net.neuron_count, 0.0);  // lam
  std::vector<double> voltage(net.neuron_count, 0.0);    // Hs
  for (std::size_t t = signal.rows; t-- > 0;) {
    for (std::size_t j = 0; j < net.neuron_count; ++j) {
      filtered[j] = net.kappa * filtered[j] + net.readout_gain * signal(t, j);
      const double g = trial.record.psi(t, j) * (filtered[j] + trial.rate[j] + threshold[j]);
      threshold[j] = net.rho_a[j] * threshold[j] - net.beta[j] * g;
      voltage[j] = g + net.alpha[j] * voltage[j];
    }
    add_outer_product(trial, voltage, t, gradient);
  }
  add_readout_gradient(trial, gradient);
  return gradient;
}

OracleGradient eligibility_product(const OracleTrial& trial, const Matrix& signal) {
  const std::vector<double> no_rate(trial.network.neuron_count, 0.0);
  const OracleTrial without_rate{trial.network, trial.input, trial.record, trial.error, no_rate};
  OracleGradient gradient(trial.network);
  add_synapse_gradients(without_rate, signal, {0.0, 1.0}, Eligibility::plain, gradient);
  return gradient;
}

BpttResult bptt(const OracleTrial& trial, const BpttPaths& paths) {
  const OracleNetwork& net = trial.network;
  const std::size_t steps = trial.error.rows;
  BpttResult result{OracleGradient(net), Matrix(steps, net.neuron_count)};
  std::vector<double> dy(net.output_count, 0.0);
  std::vector<double> dv(net.neuron_count, 0.0);  // of step t+1 until the step's end
  Matrix all_dv(steps, net.neuron_count);
  std::vector<double> da(net.neuron_count, 0.0);
  for (std::size_t t = steps; t-- > 0;) {
    for (std::size_t k = 0; k < net.output_count; ++k) {
      dy[k] = trial.error(t, k) + net.kappa * dy[k];
      result.gradient.bias[k] += trial.error(t, k);
      for (std::size_t j = 0; j < net.neuron_count; ++j) {
        result.gradient.out(k, j) += net.readout_gain * dy[k] * trial.record.z(t, j);
      }
    }
    for (std::size_t j = 0; j < net.neuron_count; ++j) {
      double dz = trial.rate[j];
      for (std::size_t k = 0; k < net.output_count; ++k) dz += net.readout_gain * net.w_out(k, j) * dy[k];
      for (std::size_t m = 0; paths.rec && t + net.delay < steps && m < net.neuron_count; ++m) {
        if (m != j) dz += net.zeta[m] * net.w_rec(m, j) * all_dv(t + net.delay, m);
      }
      if (paths.reset) dz -= net.v_th[j] * dv[j];
      result.spike_adjoint(t, j) = dz;
    }
    for (std::size_t j = 0; j < net.neuron_count; ++j) {
      const double u = trial.record.psi(t, j) * (result.spike_adjoint(t, j) + (paths.adapt ? da[j] : 0.0));
      dv[j] = net.alpha[j] * dv[j] + u;
      da[j] = net.rho_a[j] * da[j] - net.beta[j] * u;
      all_dv(t, j) = dv[j];
    }
    add_outer_product(trial, dv, t, result.gradient);
  }
  return result;
}

}  // namespace spikeweave::oracle
