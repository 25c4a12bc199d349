// The agreement of rules with the true gradient, and that gradient against finite differences of the engine's own loss.

#include "spikeweave/train/gradient_check.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <numeric>
#include <vector>

#include "host/config/reader.hpp"
#include "host/cpu/cpu_backend.hpp"
#include "host/train/finite_differences.hpp"

namespace spikeweave {
namespace {

// 20 LIF and 20 ALIF neurons that accumulate evidence, cut to 3 cues.
Experiment experiment(const std::vector<std::string>& more = {}) {
  std::vector<std::string> overrides{"/task/cues=3",
                                     "/task/delay_steps=100",
                                     "/network/populations/0/size=20",
                                     "/network/populations/1/size=20",
                                     "/training/batch_size=4",
                                     "/training/updates_per_epoch=2",
                                     "/training/epochs=1"};
  overrides.insert(overrides.end(), more.begin(), more.end());
  return load_experiment(std::string(SW_SOURCE_DIR) + "/tasks/evidence_accumulation.json", overrides);
}

struct Checked {
  explicit Checked(const Experiment& e) : of(e) {}
  const Experiment of;
  const std::unique_ptr<Backend<double>> backend = make_cpu_backend<double>(1);
  RunObserver observer;
  Trainer<double> trainer{*backend, of, "", observer};
  GradientCheck<double> check{trainer, of, 4};
};

std::vector<std::string> with(const std::string& learning, const std::string& feedback) {
  return {"/learning=" + learning, "/feedback=" + feedback};
}
const std::string symmetric = R"({"type":"symmetric"})";

TEST(GradientAgreement, IsCosineAndRatioOfNorms) {
  const double a[] = {3.0, 4.0, 0.0};
  const double b[] = {0.0, 10.0, 0.0};
  const MatrixAgreement found = agreement("w", a, b, 3);
  EXPECT_DOUBLE_EQ(found.cosine, 0.8);  // 40 / (5 * 10)
  EXPECT_DOUBLE_EQ(found.norm_ratio, 0.5);
  EXPECT_DOUBLE_EQ(found.update_norm, 5.0);
  EXPECT_DOUBLE_EQ(found.true_norm, 10.0);
  const double zero[] = {0.0, 0.0, 0.0};
  EXPECT_TRUE(std::isnan(agreement("w", zero, b, 3).cosine));
  EXPECT_EQ(agreement("w", zero, b, 3).norm_ratio, 0.0);
}

TEST(GradientCheck, BpttIsTheTrueGradient) {
  Checked c(experiment(with(R"({"rule":"bptt","rate_regularization":{"coefficient":300}})", symmetric)));
  const GradientAgreement found = c.check.run();
  ASSERT_GT(found.rate, 1.0);
  ASSERT_EQ(found.matrices.size(), 3u);
  for (const MatrixAgreement& m : found.matrices) {
    EXPECT_NEAR(m.cosine, 1.0, 1e-14) << m.name;
    EXPECT_NEAR(m.norm_ratio, 1.0, 1e-14) << m.name;
  }
}

// The readout's own gradient is exact under e-prop; that of the hidden weights is not.
TEST(GradientCheck, EpropDiffersFromItInTheHiddenWeights) {
  Checked c(experiment(with(R"({"rule":"eprop","rate_regularization":{"coefficient":300}})", symmetric)));
  const GradientAgreement found = c.check.run();
  ASSERT_EQ(found.matrices.size(), 3u);
  for (std::size_t m = 0; m < 2; ++m) {
    EXPECT_GT(found.matrices[m].cosine, 0.2) << found.matrices[m].name;
    EXPECT_LT(found.matrices[m].cosine, 1.0 - 1e-6) << found.matrices[m].name;
  }
  EXPECT_NEAR(found.matrices[2].cosine, 1.0, 1e-12);
}

TEST(GradientCheck, LeavesTheRunAsItWas) {
  const Experiment of = experiment(with(R"({"rule":"eprop"})", R"({"type":"random"})"));
  Checked checked(of), alone(of);
  checked.check.run();
  checked.trainer.run_epoch();
  checked.check.run();
  alone.trainer.run_epoch();
  EXPECT_EQ(checked.trainer.state().parameters(), alone.trainer.state().parameters());
  EXPECT_EQ(checked.trainer.state().feedback(), alone.trainer.state().feedback());
}

// What the record says is enough to form the e-prop gradient of the readout: sum_t F[t,k] z[t,j] by hand.
TEST(GradientCheck, RecordHoldsWhatTheGradientIsMadeOf) {
  Checked c(experiment(with(R"({"rule":"eprop"})", R"({"type":"random"})")));
  c.check.run();
  const GradientRecord<double>& r = c.check.record();
  const Network& network = c.trainer.network();
  const auto filter = c.trainer.state().readout;
  const std::size_t n = network.neurons, k_count = network.outputs;
  std::vector<double> gradient(n * k_count, 0.0);
  for (std::size_t b = 0; b < r.batch.batch; ++b) {
    std::vector<double> z(n, 0.0);
    for (std::size_t t = 0; t < r.batch.steps; ++t) {
      const std::size_t row = b * r.batch.steps + t;
      for (std::size_t j = 0; j < n; ++j) {
        z[j] = filter.kappa * z[j] + filter.gain * r.spikes[row * n + j];
        for (std::size_t k = 0; k < k_count; ++k) gradient[j * k_count + k] += r.error[row * k_count + k] * z[j];
      }
    }
  }
  const std::size_t offset = network.projections[2].offset;
  const MatrixAgreement found = agreement("readout", gradient.data(), r.update.data() + offset, gradient.size());
  EXPECT_NEAR(found.cosine, 1.0, 1e-12);
  EXPECT_NEAR(found.norm_ratio, 1.0, 1e-12);
  // L = sum_k B[k,j] err[k] of the last step of the first trial.
  const std::size_t last = static_cast<std::size_t>(r.batch.length[0]) - 1;
  const double expected = r.feedback[3] * r.error[last * k_count] + r.feedback[n + 3] * r.error[last * k_count + 1];
  EXPECT_NE(expected, 0.0);
  EXPECT_NEAR(r.signal[last * n + 3], expected, 1e-15);
}

// A plasticity rule that acts while the trial runs: its update is minus the change, from the same weights every trial.
TEST(GradientCheck, UpdateOfAPlasticityRuleIsMinusItsChange) {
  const std::vector<std::string> more{
      "/learning={\"rule\":\"pair_stdp\",\"form\":\"event\",\"a_plus\":1e-6,"
      "\"a_minus\":1e-6}",
      "/training/batch_size=1", "/training/clip_norm=0", "/network/projections/0/low=-100",
      "/network/projections/1/low=-100"};
  Checked c(experiment(more));
  const std::vector<double> before = c.trainer.state().parameters();
  const GradientAgreement found = c.check.run();
  EXPECT_EQ(c.trainer.state().parameters(), before);
  ASSERT_EQ(found.matrices.size(), 3u);
  EXPECT_GT(found.matrices[0].update_norm, 0.0);
  EXPECT_LT(std::abs(found.matrices[0].cosine), 0.9);  // it knows nothing of the task

  std::vector<double> change(before.size(), 0.0);  // as training would make it, in trials of their own
  std::vector<std::uint64_t> id(1);
  for (id[0] = 0; id[0] < 4; ++id[0]) {
    TrialBatch one;
    c.trainer.task().fill(Split::train, id, one);
    const std::vector<std::uint32_t> key{Trainer<double>::trial_key(Split::train, id[0])};
    c.trainer.simulator().run(one, key, {.training = true, .traces = {}});
    const std::vector<double> after = c.trainer.state().parameters();
    for (std::size_t w = 0; w < change.size(); ++w) change[w] += before[w] - after[w];
    c.trainer.state().set_parameters(before);
  }
  const std::size_t hidden = c.trainer.network().projections[2].offset;
  for (std::size_t w = 0; w < hidden; ++w) EXPECT_NEAR(c.check.record().update[w], change[w], 1e-18) << w;
}

TEST(GradientCheck, RefusesWhatHasNoTrueGradient) {
  const auto refused = [](const std::vector<std::string>& more, const std::string& part) {
    try {
      Checked c(experiment(more));
      ADD_FAILURE() << part;
    } catch (const InputError& error) {
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
  };
  refused({"/network/populations/0/neuron={\"model\":\"iaf_delta\"}", "/learning={\"rule\":\"pair_stdp\"}",
           "/training/batch_size=1", "/network/projections/0/low=-100", "/network/projections/1/low=-100"},
          "\"iaf_delta\" has no pseudo-derivative, so rule bptt cannot train");
  refused({"/training/carry_state=true"}, "/training/carry_state: ");
}

TEST(FiniteDifferences, OfTheLossAreTheTrueGradient) {
  const Experiment of = experiment();
  const auto backend = make_cpu_backend<double>(1);
  RunObserver observer;
  Trainer<double> trainer(*backend, of, "", observer);
  const std::vector<DifferenceRow> rows =
      compare_with_differences(of, "", trainer.state().parameters(), {.trials = 2, .weights = 10, .threads = 1});
  ASSERT_EQ(rows.size(), 3u);
  for (const DifferenceRow& row : rows) {
    EXPECT_EQ(row.weights, 10u) << row.name;
    EXPECT_GT(row.largest, 1e-6) << row.name;
    EXPECT_LT(row.deviation, 1e-4) << row.name;
  }
}

}  // namespace
}  // namespace spikeweave
