#include "host/record/recorder.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "host/config/text.hpp"
#include "host/config/writer.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave {
namespace {

// One member of a model's state.
struct StateColumn {
  std::string_view name, unit, help;
};

std::vector<StateColumn> state_columns(const Population& population) {
  std::vector<StateColumn> columns;
  NeuronModels::visit(population.neuron.value.index(), [&]<template <class> class Model>() {
    std::apply(
        [&](const auto&... c) {
          (columns.push_back({c.name, c.unit, c.help}), ...);
        },
        Model<float>::State::columns());
  });
  return columns;
}

std::optional<std::size_t> column_index(const Population& population, const std::string& name) {
  const std::vector<StateColumn> columns = state_columns(population);
  const auto found = std::find_if(columns.begin(), columns.end(), [&](const auto& c) { return c.name == name; });
  if (found == columns.end()) return std::nullopt;
  return static_cast<std::size_t>(found - columns.begin());
}

// Names of the states of all populations, each once.
Words known_states(const Network& network) {
  Words names;
  for (const Population& population : network.populations) {
    for (const StateColumn& column : state_columns(population)) {
      if (std::find(names.begin(), names.end(), column.name) == names.end()) names.push_back(column.name);
    }
  }
  return names;
}

// Stands where a trial is shorter than the longest.
template <class T>
constexpr T no_value = std::is_floating_point_v<T> ? std::numeric_limits<T>::quiet_NaN() : T(-1);

// Rows of trials of different length, which become one array [trials, rows of the longest, row_shape...].
template <class T>
class TrialRows {
 public:
  explicit TrialRows(std::vector<std::size_t> row_shape)
      : row_shape_(std::move(row_shape)), row_size_(element_count(row_shape_).value()) {}

  // Takes the first `rows` of the `stride` rows that trial b of a batch has in `from`.
  template <class From>
  void add(const std::vector<From>& from, std::size_t b, std::size_t stride, std::size_t rows) {
    const auto begin = from.begin() + static_cast<std::ptrdiff_t>(b * stride * row_size_);
    values_.insert(values_.end(), begin, begin + static_cast<std::ptrdiff_t>(rows * row_size_));
    rows_.push_back(rows);
  }

  void write(Hdf5File& file, const std::string& name, const Hdf5File::Attributes& attributes) const {
    const std::size_t longest = rows_.empty() ? 0 : *std::max_element(rows_.begin(), rows_.end());
    std::vector<T> padded(rows_.size() * longest * row_size_, no_value<T>);
    auto from = values_.begin();
    for (std::size_t trial = 0; trial < rows_.size(); ++trial) {
      const auto to = from + static_cast<std::ptrdiff_t>(rows_[trial] * row_size_);
      std::copy(from, to, padded.begin() + static_cast<std::ptrdiff_t>(trial * longest * row_size_));
      from = to;
    }
    std::vector<std::size_t> shape{rows_.size(), longest};
    shape.insert(shape.end(), row_shape_.begin(), row_shape_.end());
    file.write<T>(name, padded, shape, attributes);
  }

 private:
  std::vector<std::size_t> row_shape_;
  std::size_t row_size_;
  std::vector<T> values_;
  std::vector<std::size_t> rows_;  // [trials]
};

// Rows (trial, step, cell) of the events of all trials, in this order.
class EventList {
 public:
  // events: [steps, cells] of one trial from `begin` on; n events at once give n rows.
  void add(std::size_t trial, std::span<const std::uint8_t> events, std::size_t cells) {
    for (std::size_t i = 0; i < events.size(); ++i) {
      for (int n = 0; n < events[i]; ++n) {
        for (const std::size_t number : {trial, i / cells, i % cells})
          rows_.push_back(static_cast<std::int32_t>(number));
      }
    }
  }
  void write(Hdf5File& file, const std::string& name, const std::string& columns) const {
    file.write<std::int32_t>(name, rows_, {rows_.size() / 3, 3}, {{"axes", "event, column"}, {"columns", columns}});
  }

 private:
  std::vector<std::int32_t> rows_;
};

// All trials of one recording.
template <class Real>
class Recording {
 public:
  Recording(Trainer<Real>& trainer, const Experiment& experiment)
      : trainer_(trainer),
        network_(trainer.network()),
        shape_(trainer.task().shape()),
        settings_(experiment.recording),
        requests_(state_traces(trainer.network(), experiment.recording)),
        split_(trainer.task().trial_count(Split::test) > 0    ? Split::test
               : trainer.task().trial_count(Split::valid) > 0 ? Split::valid
                                                              : Split::train),
        values_({network_.inputs}),
        outputs_({network_.outputs}),
        targets_({network_.outputs}) {
    for (const StateTrace& request : requests_) traces_.emplace_back(std::vector{request.neurons.size()});
    const auto wanted = static_cast<std::size_t>(settings_.trials);
    const std::size_t present = trainer.task().trial_count(split_);
    const auto most = static_cast<std::size_t>(experiment.training.evaluation_batch);
    const std::size_t count = present == 0 ? wanted : std::min(wanted, present);  // 0: as many as one likes
    for (std::size_t begin = 0; begin < count; begin += most) run(begin, std::min(most, count - begin));
  }

  void write(Hdf5File& file, const std::string& group) const {
    file.write<std::int32_t>(group + "lengths", lengths_, {lengths_.size()}, {{"axes", "trial"}, {"units", "steps"}});
    if (settings_.spikes) spikes_.write(file, group + "spikes", "trial, step, neuron");
    if (network_.encoding == Encoding::current) {
      values_.write(file, group + "input_values", {{"axes", "trial, frame, input"}});
    } else {
      input_events_.write(file, group + "input_events", "trial, step, input");
    }
    outputs_.write(file, group + "outputs", {{"axes", "trial, step, output"}});
    segments_.write(file, group + "segments", {{"axes", "trial, step"}});
    if (shape_.loss == LossKind::softmax) {
      target_classes_.write(file, group + "targets", {{"axes", "trial, segment"}});
    } else {
      targets_.write(file, group + "targets", {{"axes", "trial, segment, output"}});
    }
    for (std::size_t n = 0; n < requests_.size(); ++n) {
      const Population& population = network_.populations[requests_[n].population];
      const StateColumn column = state_columns(population)[requests_[n].column];
      const std::string name = group + "states/" + population.name + "/" + std::string(column.name);
      traces_[n].write(file, name,
                       {{"axes", "trial, step, neuron"},
                        {"units", std::string(column.unit)},
                        {"description", std::string(column.help)}});
      file.write_attribute(name, "first_neuron", static_cast<std::int64_t>(population.neurons.begin));
    }
    file.write_attribute(group, "split", std::string(EnumNames<Split>::names[static_cast<std::size_t>(split_)]));
    file.write_attribute(group, "frame_steps", static_cast<std::int64_t>(shape_.frame_steps));
  }

 private:
  void run(std::size_t begin, std::size_t count) {
    std::vector<std::uint64_t> ids(count);
    std::iota(ids.begin(), ids.end(), std::uint64_t{begin});
    std::vector<std::uint32_t> keys;
    keys.reserve(count);
    for (const std::uint64_t id : ids) keys.push_back(Trainer<Real>::trial_key(split_, id));
    TrialBatch batch;
    trainer_.task().fill(split_, ids, batch);
    Simulator<Real>& simulator = trainer_.simulator();
    simulator.run(batch, keys, {.training = false, .traces = requests_});
    take(batch, begin);
  }

  void take(const TrialBatch& batch, std::size_t first_trial) {
    const Simulator<Real>& simulator = trainer_.simulator();
    const std::vector<std::uint8_t> spikes = settings_.spikes ? simulator.spikes() : std::vector<std::uint8_t>{};
    const bool has_events = network_.encoding != Encoding::current;
    const std::vector<std::uint8_t> events = has_events ? simulator.input_events() : std::vector<std::uint8_t>{};
    const std::vector<Real> outputs = simulator.output();
    const std::vector<std::vector<float>> traces = simulator.traces();
    for (std::size_t b = 0; b < batch.batch; ++b) {
      const auto length = static_cast<std::size_t>(batch.length[b]);
      const auto steps_of = [&](const std::vector<std::uint8_t>& all, std::size_t cells) {
        return std::span(all).subspan(b * batch.steps * cells, length * cells);
      };
      lengths_.push_back(batch.length[b]);
      if (settings_.spikes) spikes_.add(first_trial + b, steps_of(spikes, network_.neurons), network_.neurons);
      if (has_events) {
        input_events_.add(first_trial + b, steps_of(events, network_.inputs), network_.inputs);
      } else {
        values_.add(batch.intensity, b, batch.frames, (length + shape_.frame_steps - 1) / shape_.frame_steps);
      }
      outputs_.add(outputs, b, batch.steps, length);
      for (std::size_t n = 0; n < traces.size(); ++n) traces_[n].add(traces[n], b, batch.steps, length);
      take_targets(batch, b, length);
    }
  }

  void take_targets(const TrialBatch& batch, std::size_t b, std::size_t length) {
    segments_.add(batch.segment, b, batch.steps, length);
    const auto first = batch.segment.begin() + static_cast<std::ptrdiff_t>(b * batch.steps);
    const auto last = std::max_element(first, first + static_cast<std::ptrdiff_t>(length));
    const std::size_t count = length == 0 ? 0 : static_cast<std::size_t>(*last + 1);
    if (shape_.loss == LossKind::softmax) {
      target_classes_.add(batch.target_class, b, batch.segments, count);
    } else {
      targets_.add(batch.target, b, batch.segments, count);
    }
  }

  Trainer<Real>& trainer_;
  const Network& network_;
  const TaskShape shape_;
  const RecordingSettings& settings_;
  const std::vector<StateTrace> requests_;
  const Split split_;
  std::vector<std::int32_t> lengths_;
  EventList spikes_, input_events_;
  TrialRows<float> values_;
  TrialRows<Real> outputs_;
  TrialRows<std::int32_t> segments_{{}};
  TrialRows<double> targets_;
  TrialRows<std::int32_t> target_classes_{{}};
  std::vector<TrialRows<float>> traces_;  // per request
};

}  // namespace

std::vector<StateTrace> state_traces(const Network& network, const RecordingSettings& settings) {
  std::vector<StateTrace> traces;
  for (std::size_t n = 0; n < settings.states.size(); ++n) {
    const std::size_t before = traces.size();
    for (std::size_t p = 0; p < network.populations.size(); ++p) {
      const Population& population = network.populations[p];
      const std::optional<std::size_t> column = column_index(population, settings.states[n]);
      if (!column) continue;
      std::vector<std::size_t> neurons(std::min(static_cast<std::size_t>(settings.neurons), population.neurons.count));
      std::iota(neurons.begin(), neurons.end(), std::size_t{0});
      traces.push_back({p, *column, neurons});
    }
    if (traces.size() == before) {
      throw InputError("/recording/states/" + std::to_string(n), not_one_of(settings.states[n], known_states(network)));
    }
  }
  return traces;
}

template <class Real>
Hdf5File create_recording(const std::string& path, const Trainer<Real>& trainer, const Experiment& experiment) {
  constexpr std::int64_t format_version = 1;
  Hdf5File file = Hdf5File::create(path);
  file.write_attribute("/", "version", format_version);
  file.write_attribute("/", "title", experiment.title);
  file.write_attribute("/", "seed", static_cast<std::int64_t>(experiment.seed));
  file.write_attribute("/", "experiment", write_experiment(experiment));
  const double dt = trainer.network().dt;
  file.write<double>("/dt", std::span(&dt, 1), {}, {{"units", "ms"}});
  for (const Population& population : trainer.network().populations) {
    const CellRange range = population.neurons;
    const std::vector<std::int64_t> ends{static_cast<std::int64_t>(range.begin),
                                         static_cast<std::int64_t>(range.begin + range.count)};
    file.write<std::int64_t>("/populations/" + population.name, ends, {2},
                             {{"axes", "begin, end"}, {"model", std::string(population.neuron.name())}});
  }
  return file;
}

template <class Real>
void record_trials(Hdf5File& file, Trainer<Real>& trainer, const Experiment& experiment, std::uint64_t epoch) {
  const Recording<Real> recording(trainer, experiment);
  recording.write(file, "/epoch_" + std::to_string(epoch) + "/");
  file.flush();  // a run that is killed later leaves what it has recorded
}

#define SW_INSTANTIATE_RECORDER(Real)                                                                    \
  template Hdf5File create_recording<Real>(const std::string&, const Trainer<Real>&, const Experiment&); \
  template void record_trials<Real>(Hdf5File&, Trainer<Real>&, const Experiment&, std::uint64_t);
SW_INSTANTIATE_RECORDER(float)
SW_INSTANTIATE_RECORDER(double)
#undef SW_INSTANTIATE_RECORDER

}  // namespace spikeweave
