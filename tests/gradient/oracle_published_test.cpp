// The oracle reproduces the published losses of NEST's e-prop runs, and the values inside their first iteration.
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "host/task/nest_reference.hpp"
#include "tests/gradient/oracle.hpp"

namespace spikeweave::oracle {
namespace {

constexpr double loss_tolerance = 1e-8;     // relative; the tolerance NEST's own test uses
constexpr double golden_tolerance = 1e-12;  // relative; no update has happened yet, 2e-15 was seen

Matrix from_float(const std::vector<float>& values, std::size_t rows, std::size_t columns) {
  Matrix result(rows, columns);
  result.values.assign(values.begin(), values.end());
  return result;
}

OracleNetwork network_of(const NestReferenceCase& c) {
  OracleNetwork net(c.input_count, c.neuron_count, c.output_count);
  const double alpha = std::exp(-c.dt / c.tau_m);
  net.kappa = std::exp(-c.dt / c.tau_out);
  net.readout_gain = 1.0 - net.kappa;
  for (std::size_t j = 0; j < c.neuron_count; ++j) {
    net.alpha[j] = alpha;
    net.zeta[j] = c.scale_input ? 1.0 - alpha : 1.0;
    net.rho_a[j] = std::exp(-c.dt / c.tau_a);
    net.beta[j] = j + c.adaptive_count >= c.neuron_count ? c.beta : 0.0;
    net.v_th[j] = c.v_th;
    net.gamma[j] = c.gamma;
    net.n_ref[j] = c.refractory_steps;
  }
  net.w_in = transposed(from_float(c.weights_in, c.input_count, c.neuron_count));
  net.w_rec = transposed(from_float(c.weights_rec, c.neuron_count, c.neuron_count));
  net.w_out = transposed(from_float(c.weights_out, c.neuron_count, c.output_count));
  net.feedback = transposed(from_float(c.feedback, c.output_count, c.neuron_count));
  return net;
}

// number = iteration * batch_size + trial of the batch.
Matrix input_of(const NestReferenceCase& c, std::size_t number) {
  Matrix input(c.step_count, c.input_count);
  const std::uint8_t* spikes = c.input_spikes.data() + number * c.step_count * c.input_count;
  input.values.assign(spikes, spikes + c.step_count * c.input_count);
  return input;
}

OracleTarget target_of(const NestReferenceCase& c, std::size_t number) {
  OracleTarget target{c.classification ? OracleLoss::softmax_cross_entropy : OracleLoss::squared_error,
                      Matrix(c.step_count, c.output_count), std::vector<double>(c.step_count, 0.0)};
  const double weight = c.average_gradient ? 1.0 / static_cast<double>(c.learning_window_steps) : 1.0;
  for (std::size_t t = c.step_count - c.learning_window_steps; t < c.step_count; ++t) {
    target.weights[t] = weight;
    if (c.classification) target.values(t, static_cast<std::size_t>(c.target_classes[number])) = 1.0;
  }
  if (!c.classification) target.values.values = c.target_signal;
  return target;
}

struct TrialOutcome {
  OracleRecord record;
  double loss;
  OracleGradient gradient;
};

enum class EpropForm { traces, adjoint };

TrialOutcome run_published_trial(const NestReferenceCase& c, const OracleNetwork& net, std::size_t number,
                                 EpropForm form) {
  const Matrix input = input_of(c, number);
  const OracleRecord record = run_trial(net, input);
  const OracleError error = evaluate(target_of(c, number), record.y);
  const double divisor = c.average_gradient ? static_cast<double>(c.learning_window_steps) : 1.0;
  const std::vector<double> rate = rate_signal(record, c.c_reg / divisor, c.rate_target * c.dt / 1000.0);
  const OracleTrial trial{net, input, record, error.error, rate};
  return {record, error.loss, form == EpropForm::traces ? eprop_forward(trial) : eprop_adjoint(trial)};
}

std::vector<double> run_published_case(const NestReferenceCase& c) {
  OracleNetwork net = network_of(c);
  std::vector<OracleAdam> adam(3, OracleAdam(c.eta, c.beta_1, c.beta_2, c.epsilon));
  const auto update = [&](OracleAdam& optimizer, Matrix& weights, const Matrix& gradient) {
    if (c.adam) {
      optimizer.update(weights.values, gradient.values);
    } else {
      for (std::size_t n = 0; n < weights.values.size(); ++n) weights.values[n] -= c.eta * gradient.values[n];
    }
  };
  std::vector<double> losses;
  for (std::size_t iteration = 0; iteration < NestReferenceCase::iteration_count; ++iteration) {
    OracleGradient mean(net);
    double loss = 0.0;
    for (std::size_t b = 0; b < c.batch_size; ++b) {
      const TrialOutcome outcome = run_published_trial(c, net, iteration * c.batch_size + b, EpropForm::adjoint);
      add_scaled(mean, outcome.gradient, 1.0 / static_cast<double>(c.batch_size));
      loss += outcome.loss / static_cast<double>(c.batch_size);
    }
    losses.push_back(loss);
    update(adam[0], net.w_in, mean.in);
    update(adam[1], net.w_rec, mean.rec);
    update(adam[2], net.w_out, mean.out);
  }
  return losses;
}

void expect_published_losses(const NestReferenceCase& c) {
  const std::vector<double> losses = run_published_case(c);

  ASSERT_EQ(losses.size(), c.published_losses.size());
  for (std::size_t n = 0; n < losses.size(); ++n) {
    EXPECT_NEAR(losses[n], c.published_losses[n], loss_tolerance * c.published_losses[n])
        << c.name << ", iteration " << n + 1;
  }
}

void expect_close(double value, double expected) {
  EXPECT_NEAR(value, expected, golden_tolerance * std::abs(expected));
}

TEST(OraclePublished, RegressionLossesAreNests) {
  expect_published_losses(nest_regression_case());
}
TEST(OraclePublished, EvidenceLossesAreNests) {
  expect_published_losses(nest_evidence_case(1));
}
TEST(OraclePublished, EvidenceLossesOfBatchTwoAreNests) {
  expect_published_losses(nest_evidence_case(2));
}

// Expected: an independent numpy float64 simulation, shared/spec/learning-rules.md section C4.
TEST(OraclePublished, RegressionFirstIterationHasTheGoldenValues) {
  const NestReferenceCase c = nest_regression_case();
  const TrialOutcome outcome = run_published_trial(c, network_of(c), 0, EpropForm::traces);

  EXPECT_EQ(spike_count(outcome.record), 3999.0);
  expect_close(outcome.record.y(999, 0), 0.0840416632943433);
  expect_close(absolute_sum(outcome.gradient.in), 24104.6205919595);
  expect_close(absolute_sum(outcome.gradient.rec), 18571.986172986777);
  expect_close(absolute_sum(outcome.gradient.out), 645.4185522927088);
  expect_close(outcome.gradient.in(0, 0), 0.13025666026524432);
  expect_close(outcome.gradient.rec(0, 1), 0.011885703464974197);
  expect_close(outcome.gradient.out(0, 0), -2.1365446947132614);
}

TEST(OraclePublished, EvidenceFirstIterationHasTheGoldenValues) {
  const NestReferenceCase c = nest_evidence_case(1);
  const TrialOutcome outcome = run_published_trial(c, network_of(c), 0, EpropForm::traces);
  double regular_spikes = 0.0;
  for (std::size_t t = 0; t < c.step_count; ++t) {
    for (std::size_t j = 0; j < 50; ++j) regular_spikes += outcome.record.z(t, j);
  }

  EXPECT_EQ(regular_spikes, 1942.0);
  EXPECT_EQ(spike_count(outcome.record) - regular_spikes, 1309.0);
  expect_close(outcome.record.y(2249, 0), 0.1325427787282547);
  expect_close(outcome.record.y(2249, 1), 0.02383164554438036);
  expect_close(absolute_sum(outcome.gradient.in), 35.22864545465242);
  expect_close(absolute_sum(outcome.gradient.rec), 150.11566525115836);
  expect_close(absolute_sum(outcome.gradient.out), 2.427950356610242);
}

TEST(OraclePublished, TraceAndAdjointFormsAgreeOnTheEvidenceTrial) {
  const NestReferenceCase c = nest_evidence_case(1);
  const OracleNetwork net = network_of(c);

  const OracleGradient traces = run_published_trial(c, net, 0, EpropForm::traces).gradient;
  const OracleGradient adjoint = run_published_trial(c, net, 0, EpropForm::adjoint).gradient;

  EXPECT_LT(difference(adjoint.in, traces.in), 1e-12);
  EXPECT_LT(difference(adjoint.rec, traces.rec), 1e-12);
}

}  // namespace
}  // namespace spikeweave::oracle
