// Bengio et al. (2015), arXiv:1509.05936: what the rule dW = eta ds/dt rho does to the change of the states.

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "host/cpu/cpu_backend.hpp"
#include "spikeweave/network/network_state.hpp"
#include "spikeweave/protocol/rate_sequences.hpp"
#include "spikeweave/train/simulator.hpp"

namespace spikeweave {
namespace {

constexpr std::size_t pre_count = 20;
constexpr std::size_t steps = 160;

// Random sequences in (0, 1), [steps]; `draw` chooses them.
std::vector<double> sequence(std::uint32_t draw, std::size_t cell) {
  RateSequencesSettings settings;
  settings.seed = 100 + draw;
  return rate_sequence(settings, static_cast<std::uint32_t>(cell), 0);
}

// 20 rectified units that are clamped to the sequences project to one energy unit, which one more sequence drives
// through the input. The weights start at 0 and learn in every step.
class ClosedLoop {
 public:
  ClosedLoop(std::uint32_t draw, double learning_rate)
      : draw_(draw),
        learning_(learning_settings(learning_rate)),
        backend_(make_cpu_backend<double>(1)),
        network_(build_network(network_settings(), task_shape(), 1)),
        state_(*backend_, network_, {}, 1),
        simulator_(state_, learning_, LossKind::squared_error, Reduction::sum, 1, 1) {
    std::vector<double> parameters(network_.parameter_count, 0.0);
    for (const Projection& p : network_.projections) {
      if (p.kind == ProjectionKind::input) parameters[p.offset] = 1.0;
    }
    state_.set_parameters(parameters);
    simulator_.carry_state();
  }

  // Mean (s[t+1] - s[t])^2 over one pass through the sequences.
  double pass() {
    TrialBatch batch;
    batch.batch = 1;
    batch.steps = batch.frames = steps;
    batch.length = {static_cast<std::int32_t>(steps)};
    batch.segment.assign(steps, -1);
    batch.clamp.assign(steps * pre_count, 0.0f);
    for (std::size_t i = 0; i < pre_count; ++i) {
      const std::vector<double> rho = sequence(draw_, i);
      for (std::size_t t = 0; t < steps; ++t) batch.clamp[t * pre_count + i] = static_cast<float>(rho[t]);
    }
    for (const double external : sequence(draw_, pre_count)) {
      batch.intensity.push_back(static_cast<float>(external - 0.5));
    }
    simulator_.run(batch, std::vector<std::uint32_t>{0}, {.training = true, .traces = {}});
    const std::vector<double> z = simulator_.neuron_outputs();
    double sum = 0.0;
    for (std::size_t t = 0; t + 1 < steps; ++t) {
      const double change = z[(t + 1) * (pre_count + 1) + pre_count] - z[t * (pre_count + 1) + pre_count];
      EXPECT_GT(z[t * (pre_count + 1) + pre_count], 0.0) << "the unit left the active region";
      EXPECT_LT(z[t * (pre_count + 1) + pre_count], 1.0) << "the unit left the active region";
      sum += change * change;
    }
    return sum / (steps - 1.0);
  }

 private:
  static LearningSettings learning_settings(double learning_rate) {
    Plastic<StateDerivativeParams> rule;
    rule.learning_rate = learning_rate;
    rule.form = PlasticityForm::step;
    LearningSettings learning;
    learning.value = rule;
    return learning;
  }
  static TaskShape task_shape() {
    TaskShape shape;
    shape.inputs = 1;
    shape.encoding = Encoding::current;
    shape.max_steps = steps;
    shape.cells = pre_count;
    return shape;
  }
  static NetworkSettings network_settings() {
    NetworkSettings settings;
    settings.populations = {{"pre", static_cast<int>(pre_count), {}}, {"post", 1, {}}};
    settings.populations[0].neuron.value = RectifiedLinearParams<Distribution>();
    EnergyUnitParams<Distribution> unit;
    unit.epsilon = 0.2;
    settings.populations[1].neuron.value = unit;
    settings.projections.resize(2);
    settings.projections[0].from = {"input"};
    settings.projections[0].trainable = false;
    settings.projections[1].from = {"pre"};
    for (ProjectionSettings& p : settings.projections) p.to = {"post"};
    return settings;
  }

  std::uint32_t draw_;
  LearningSettings learning_;
  std::unique_ptr<Backend<double>> backend_;
  Network network_;
  NetworkState<double> state_;
  Simulator<double> simulator_;
};

// Relative change of the mean square in the first pass, against that of weights that stay 0.
double first_pass_change(std::uint32_t draw, double learning_rate) {
  ClosedLoop without(draw, 0.0);
  ClosedLoop with(draw, learning_rate);
  const double fixed = without.pass();
  return with.pass() / fixed - 1.0;
}

// Descent on |ds/dt|^2 / 2 has a minus sign: the rule as given climbs.
TEST(EnergyLearning, InAClosedLoopTheRuleRaisesTheChangeOfTheStateAndItsOppositeLowersIt) {
  double raised = 0.0, lowered = 0.0;
  for (std::uint32_t draw = 0; draw < 8; ++draw) {
    const double up = first_pass_change(draw, 0.01);
    const double down = first_pass_change(draw, -0.01);
    EXPECT_GT(up, 0.0) << "draw " << draw;
    EXPECT_LT(down, 0.0) << "draw " << draw;
    raised += up / 8.0;
    lowered += down / 8.0;
  }
  RecordProperty("raised", std::to_string(raised));
  RecordProperty("lowered", std::to_string(lowered));
  EXPECT_GT(raised, 0.001);
  EXPECT_LT(lowered, -0.001);
}

// J_STDP = (f_W(s[t-1]) - s[t+1])^2 / 2 of a recorded state, f_W = s + epsilon (W (rho - 1/2) - s), eq. 3, and the
// update of eq. 5 by the rule's own functions, to which f_W is the state now and s[t+1] the next one.
TEST(EnergyLearning, OnARecordedStateTheRuleLowersThePredictionError) {
  using Rule = StateDerivative<double>;
  constexpr double epsilon = 0.2;
  StateDerivativeParams params;
  params.learning_rate = 0.05;
  const auto constants = Rule::derive(params, 1.0);
  const auto bounds = WeightBounds<double>::of(-100.0, 100.0);
  for (std::uint32_t draw = 0; draw < 8; ++draw) {
    std::vector<std::vector<double>> rho;
    for (std::size_t i = 0; i < pre_count; ++i) rho.push_back(sequence(draw, i));
    std::vector<double> s{0.0};
    for (const double external : sequence(draw, pre_count)) {
      s.push_back(s.back() + epsilon * (external - 0.5 - s.back()));
    }
    std::vector<Rule::Synapse> synapses(pre_count);
    const auto pass = [&] {
      double error = 0.0;
      for (std::size_t t = 1; t + 1 < steps; ++t) {
        double drive = 0.0;
        for (std::size_t i = 0; i < pre_count; ++i) drive += synapses[i].weight * (rho[i][t - 1] - 0.5);
        const double predicted = s[t - 1] + epsilon * (drive - s[t - 1]);
        error += 0.5 * (predicted - s[t + 1]) * (predicted - s[t + 1]);
        Rule::Post post;
        Rule::post_step(constants, post, {0.0, predicted});
        const auto to = Rule::post_step(constants, post, {0.0, s[t + 1]});
        for (std::size_t i = 0; i < pre_count; ++i) {
          Rule::Pre pre;
          Rule::pre_step(constants, pre, rho[i][t - 1] - 0.5);
          Rule::on_step(constants, bounds, synapses[i], Rule::pre_step(constants, pre, 0.0), to);
        }
      }
      return error;
    };
    const double first = pass();
    double last = first;
    for (int n = 1; n < 200; ++n) last = pass();
    EXPECT_LT(last, 0.5 * first) << "draw " << draw;
  }
}

}  // namespace
}  // namespace spikeweave
