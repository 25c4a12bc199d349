#include "host/record/gradient_file.hpp"

#include <algorithm>
#include <tuple>

#include "host/config/kinds.hpp"
#include "host/config/writer.hpp"
#include "host/record/hdf5_file.hpp"

namespace spikeweave {
namespace {

// [synapses], in steps
std::vector<std::uint32_t> synapse_delays(const Projection& projection) {
  const Synapses& synapses = projection.synapses;
  std::vector<std::uint32_t> delays(synapses.count());
  for (std::size_t row = 0; row + 1 < synapses.row_start.size(); ++row) {
    std::fill(delays.begin() + synapses.row_start[row], delays.begin() + synapses.row_start[row + 1],
              synapses.delay[row / projection.pre.count]);
  }
  return delays;
}

template <class Real>
class GradientFile {
 public:
  GradientFile(Hdf5File& file, const GradientRecord<Real>& record, const NetworkState<Real>& state)
      : file_(file),
        record_(record),
        state_(state),
        network_(state.network),
        backward_(state.arrays.backward.download()) {}

  void write(const Experiment& experiment, const TaskShape& shape) {
    file_.write_attribute("/", "version", std::int64_t{1});
    file_.write_attribute("/", "experiment", write_experiment(experiment));
    file_.write_attribute("/", "loss", std::string(name_of(shape.loss)));
    write_trials(shape);
    write_engine();
    write_neurons();
    for (std::size_t p = 0; p < network_.projections.size(); ++p) write_projection(p);
    if (network_.readout.bias) {
      block("/bias/value", record_.parameters, network_.bias_offset, {network_.outputs}, "output");
      block("/bias/update", record_.update, network_.bias_offset, {network_.outputs}, "output");
      block("/bias/gradient", record_.gradient, network_.bias_offset, {network_.outputs}, "output");
    }
  }

 private:
  template <class T>
  void array(const std::string& name, const std::vector<T>& values, const std::vector<std::size_t>& shape,
             const std::string& axes) {
    if (!values.empty()) file_.write<T>(name, values, shape, {{"axes", axes}});
  }
  void block(const std::string& name, const std::vector<Real>& all, std::size_t offset,
             const std::vector<std::size_t>& shape, const std::string& axes) {
    std::size_t count = 1;
    for (const std::size_t n : shape) count *= n;
    file_.write<Real>(name, std::span(all).subspan(offset, count), shape, {{"axes", axes}});
  }

  void write_trials(const TaskShape& shape) {
    const TrialBatch& batch = record_.batch;
    array("/trials/length", batch.length, {batch.batch}, "trial");
    array("/trials/segment", batch.segment, {batch.batch, batch.steps}, "trial, step");
    array("/trials/events", record_.events, {batch.batch, batch.steps, network_.inputs}, "trial, step, input");
    array("/trials/values", record_.values, {batch.batch, batch.frames, network_.inputs}, "trial, frame, input");
    array("/trials/target_class", batch.target_class, {batch.batch, batch.segments}, "trial, segment");
    array("/trials/target", batch.target, {batch.batch, batch.segments, network_.outputs}, "trial, segment, output");
    file_.write_attribute("/trials", "frame_steps", static_cast<std::int64_t>(shape.frame_steps));
  }

  void write_engine() {
    const TrialBatch& batch = record_.batch;
    const std::vector<std::size_t> neurons{batch.batch, batch.steps, network_.neurons};
    const std::vector<std::size_t> outputs{batch.batch, batch.steps, network_.outputs};
    array("/engine/spikes", record_.spikes, neurons, "trial, step, neuron");
    array("/engine/neuron_outputs", record_.outputs, neurons, "trial, step, neuron");
    array("/engine/psi", record_.psi, neurons, "trial, step, neuron");
    array("/engine/readout", record_.readout, outputs, "trial, step, output");
    array("/engine/error", record_.error, outputs, "trial, step, output");
    array("/engine/learning_signal", record_.signal, neurons, "trial, step, neuron");
    array("/engine/feedback", record_.feedback, {network_.outputs, network_.neurons}, "output, neuron");
    const std::vector<Real> filter{state_.readout.kappa, state_.readout.gain};
    file_.write<Real>("/engine/output_filter", filter, {2}, {{"axes", "kappa, gain"}});
  }

  void write_neurons() {
    const std::vector<EligibilityConstants<Real>> constants = state_.eligibility();
    std::apply(
        [&](const auto&... column) {
          const auto put = [&](const auto& c) {
            std::vector<Real> values;
            for (const auto& one : constants) values.push_back(one.*(c.member));
            file_.write<Real>("/neurons/" + std::string(c.name), values, {values.size()},
                              {{"axes", "neuron"}, {"description", std::string(c.help)}});
          };
          (put(column), ...);
        },
        EligibilityConstants<Real>::columns());
  }

  void write_projection(std::size_t p) {
    const Projection& projection = network_.projections[p];
    const std::string group = "/projections/" + std::to_string(p);
    const bool dense = !projection.is_sparse;
    const std::vector<std::size_t> shape = dense ? std::vector<std::size_t>{projection.pre.count, projection.post.count}
                                                 : std::vector<std::size_t>{projection.size()};
    const std::string axes = dense ? "pre, post" : "synapse";
    block(group + "/weight", record_.parameters, projection.offset, shape, axes);
    if (projection.settings.trainable) {
      block(group + "/update", record_.update, projection.offset, shape, axes);
      block(group + "/gradient", record_.gradient, projection.offset, shape, axes);
    }
    if (is_between_neurons(projection.kind) && !backward_.empty()) {
      block(group + "/feedback", backward_, projection.offset, shape, axes);
    }
    if (!dense) {
      array(group + "/pre", projection.synapses.source, shape, axes);
      array(group + "/post", projection.synapses.target, shape, axes);
      array(group + "/delay", synapse_delays(projection), shape, axes);
    }
    file_.write_attribute(group, "name", projection.name);
    file_.write_attribute(group, "pre_begin", static_cast<std::int64_t>(projection.pre.begin));
    file_.write_attribute(group, "post_begin", static_cast<std::int64_t>(projection.post.begin));
    file_.write_attribute(group, "delay", static_cast<std::int64_t>(projection.delay));
  }

  Hdf5File& file_;
  const GradientRecord<Real>& record_;
  const NetworkState<Real>& state_;
  const Network& network_;
  const std::vector<Real> backward_;  // [parameter_count]  or empty: errors meet the weights themselves
};

}  // namespace

template <class Real>
void write_gradient_file(const std::string& path, const GradientRecord<Real>& record, const NetworkState<Real>& state,
                         const Experiment& experiment, const TaskShape& shape) {
  Hdf5File file = Hdf5File::create(path);
  GradientFile<Real>(file, record, state).write(experiment, shape);
  file.close();
}
template void write_gradient_file<float>(const std::string&, const GradientRecord<float>&, const NetworkState<float>&,
                                         const Experiment&, const TaskShape&);
template void write_gradient_file<double>(const std::string&, const GradientRecord<double>&,
                                          const NetworkState<double>&, const Experiment&, const TaskShape&);

}  // namespace spikeweave
