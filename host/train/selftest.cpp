#include "host/train/selftest.hpp"

#include <cmath>

#include "host/cpu/cpu_backend.hpp"
#include "host/task/nest_reference.hpp"
#include "spikeweave/train/simulator.hpp"
#include "spikeweave/train/updater.hpp"

namespace spikeweave {
namespace {

template <class Params>
void set_membrane(Params& params, const NestReferenceCase& reference) {
  params.tau_m = reference.tau_m;
  params.v_threshold = reference.v_th;
  params.refractory_steps = reference.refractory_steps;
  params.input_gain = reference.scale_input ? InputGain::one_minus_alpha : InputGain::unit;
  params.gamma = reference.gamma;
}

NetworkSettings network_settings(const NestReferenceCase& reference) {
  NetworkSettings settings;
  settings.dt = reference.dt;
  const std::size_t regular = reference.neuron_count - reference.adaptive_count;
  std::vector<std::string> names;
  if (regular > 0) {
    PopulationSettings population{"regular", static_cast<int>(regular), {}};
    LifParams<Distribution> lif;
    set_membrane(lif, reference);
    population.neuron.value = lif;
    settings.populations.push_back(population);
    names.push_back(population.name);
  }
  if (reference.adaptive_count > 0) {
    PopulationSettings population{"adaptive", static_cast<int>(reference.adaptive_count), {}};
    AlifParams<Distribution> alif;
    set_membrane(alif, reference);
    alif.tau_adaptation = reference.tau_a;
    alif.beta = reference.beta;
    population.neuron.value = alif;
    settings.populations.push_back(population);
    names.push_back(population.name);
  }
  settings.readout.tau = reference.tau_out;
  settings.projections.resize(3);
  settings.projections[0].from = {"input"};
  settings.projections[0].to = names;
  settings.projections[1].from = names;
  settings.projections[1].to = names;
  settings.projections[2].from = names;
  settings.projections[2].to = {"output"};
  return settings;
}

TaskShape task_shape(const NestReferenceCase& reference) {
  TaskShape shape;
  shape.inputs = reference.input_count;
  shape.outputs = reference.output_count;
  shape.max_steps = reference.step_count;
  shape.loss = reference.classification ? LossKind::softmax : LossKind::squared_error;
  shape.encoding = Encoding::events;
  return shape;
}

// Regression scores every step against its own target; classification the last window against one class.
TrialBatch trial_batch(const NestReferenceCase& reference, std::size_t iteration) {
  TrialBatch batch;
  batch.batch = reference.batch_size;
  batch.steps = batch.frames = reference.step_count;
  batch.segments = reference.classification ? 1 : reference.step_count;
  const std::size_t size = batch.batch * batch.steps * reference.input_count;
  const auto first = reference.input_spikes.begin() + static_cast<std::ptrdiff_t>(iteration * size);
  batch.events.assign(first, first + static_cast<std::ptrdiff_t>(size));
  batch.length.assign(batch.batch, static_cast<std::int32_t>(batch.steps));
  const std::size_t window_begin = batch.steps - reference.learning_window_steps;
  for (std::size_t b = 0; b < batch.batch; ++b) {
    for (std::size_t t = 0; t < batch.steps; ++t) {
      batch.segment.push_back(t < window_begin ? -1 : reference.classification ? 0 : static_cast<std::int32_t>(t));
    }
    if (reference.classification) {
      batch.target_class.push_back(reference.target_classes[iteration * batch.batch + b]);
    } else {
      batch.target.insert(batch.target.end(), reference.target_signal.begin(), reference.target_signal.end());
    }
  }
  return batch;
}

OptimizerSettings optimizer_settings(const NestReferenceCase& reference) {
  OptimizerSettings settings;
  if (reference.adam) {
    settings.value = AdamParams{reference.eta, reference.beta_1, reference.beta_2, reference.epsilon};
  } else {
    settings.value = SgdParams{reference.eta};
  }
  return settings;
}

template <class Real>
std::vector<Real> initial_weights(const NestReferenceCase& reference) {
  std::vector<Real> weights(reference.weights_in.begin(), reference.weights_in.end());
  weights.insert(weights.end(), reference.weights_rec.begin(), reference.weights_rec.end());
  weights.insert(weights.end(), reference.weights_out.begin(), reference.weights_out.end());
  return weights;
}

template <class Real>
void add_rows(const NestReferenceCase& reference, Backend<Real>& backend, double allowed,
              std::vector<SelftestRow>& rows) {
  const std::vector<double> losses = run_reference(reference, backend);
  for (std::size_t n = 0; n < losses.size(); ++n) {
    rows.push_back({reference.name, backend.kind() + (sizeof(Real) == sizeof(double) ? " fp64" : " fp32"), n + 1,
                    reference.published_losses[n], losses[n], allowed});
  }
}

}  // namespace

double SelftestRow::difference() const {
  return std::abs(measured - published) / std::abs(published);
}

template <class Real>
std::vector<double> run_reference(const NestReferenceCase& reference, Backend<Real>& backend) {
  const Network network = build_network(network_settings(reference), task_shape(reference), /*seed=*/0);
  FeedbackSettings feedback;
  feedback.value = RandomFeedback{};
  NetworkState<Real> state(backend, network, feedback, /*seed=*/1);
  state.set_parameters(initial_weights<Real>(reference));
  state.set_feedback(std::vector<Real>(reference.feedback.begin(), reference.feedback.end()));

  LearningSettings learning;
  auto& rule = std::get<EpropParams>(learning.value);
  rule.rate_regularization = {reference.c_reg, reference.rate_target, RateAverage::trial};
  Simulator<Real> simulator(state, learning, task_shape(reference).loss,
                            reference.average_gradient ? Reduction::mean_trial : Reduction::sum, /*frame_steps=*/1,
                            /*seed=*/1);
  Updater<Real> updater(state, learning, optimizer_settings(reference), /*clip_norm=*/0.0, /*parameter_average=*/0.0);

  std::vector<double> losses;
  const std::vector<std::uint32_t> keys(reference.batch_size, 0);  // nothing is drawn in these runs
  const double window = reference.classification ? static_cast<double>(reference.learning_window_steps) : 1.0;
  for (std::size_t n = 0; n < NestReferenceCase::iteration_count; ++n) {
    const TrialResult result = simulator.run(trial_batch(reference, n), keys, {.training = true, .traces = {}});
    double loss = 0.0;
    for (const double trial : result.loss) loss += trial / window / static_cast<double>(reference.batch_size);
    losses.push_back(loss);
    simulator.compute_gradient();
    updater.apply(/*rate_factor=*/1.0);
  }
  return losses;
}
template std::vector<double> run_reference<float>(const NestReferenceCase&, Backend<float>&);
template std::vector<double> run_reference<double>(const NestReferenceCase&, Backend<double>&);

std::vector<SelftestRow> run_selftest(Backend<float>* device) {
  const auto single = make_cpu_backend<float>();
  const auto both = make_cpu_backend<double>();
  std::vector<SelftestRow> rows;
  for (const NestReferenceCase& reference : {nest_regression_case(), nest_evidence_case(1), nest_evidence_case(2)}) {
    add_rows(reference, *both, 1e-8, rows);
    add_rows(reference, *single, 1e-6, rows);
    if (device != nullptr) add_rows(reference, *device, 1e-6, rows);
  }
  return rows;
}

}  // namespace spikeweave
