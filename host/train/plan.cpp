#include "spikeweave/train/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>
#include <numeric>

#include "host/train/first_trials.hpp"
#include "spikeweave/train/simulator.hpp"

namespace spikeweave {
namespace {

// Counts what is asked for, and computes nothing. Its addresses are never read or written.
template <class Real>
class CountingBackend final : public Backend<Real> {
 public:
  struct Entry {
    std::string what;
    std::size_t bytes = 0;  // at most
    std::size_t now = 0;
  };

  // batch: trials for which scratch memory is counted; it does not grow in proportion.
  CountingBackend(const Backend<Real>& device, std::size_t batch) : device_(device), batch_(batch) {}

  const std::vector<Entry>& entries() const { return entries_; }
  std::size_t scratch_bytes() const { return scratch_bytes_; }  // operations take turns in it
  const std::vector<std::string>& methods() const { return methods_; }

  std::string kind() const override { return device_.kind(); }
  std::string device_name() const override { return device_.device_name(); }
  void* allocate(std::size_t bytes, const std::string& what) override {
    constexpr std::size_t alignment = 256;
    auto entry = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.what == what; });
    if (entry == entries_.end()) entry = entries_.insert(entry, {.what = what});
    entry->now += bytes;
    entry->bytes = std::max(entry->bytes, entry->now);
    const std::uintptr_t address = next_;
    next_ += (bytes + alignment - 1) / alignment * alignment;
    blocks_[address] = {static_cast<std::size_t>(entry - entries_.begin()), bytes};
    return reinterpret_cast<void*>(address);
  }
  void free(void* memory) noexcept override {
    const auto block = blocks_.find(reinterpret_cast<std::uintptr_t>(memory));
    entries_[block->second.entry].now -= block->second.bytes;
    blocks_.erase(block);
  }
  void upload(void*, const void*, std::size_t) override {}
  void download(void* to_host, const void*, std::size_t bytes) override { std::memset(to_host, 0, bytes); }
  void zero(void*, std::size_t) override {}
  void synchronize() override {}
  std::size_t free_memory() const override { return device_.free_memory(); }
  Method method(const ForwardArgs<Real>& args) const override { return device_.method(args); }
  Method method(const OuterProductArgs<Real>& args) const override { return device_.method(args); }

  void encode(const EncodeArgs&) override {}
  void dropout(const DropoutArgs&) override {}
  void forward(const ForwardArgs<Real>& args) override {
    ForwardArgs<Real> whole = args;
    whole.batch = batch_;
    say("forward pass: ", device_.method(whole));
  }
  void plasticity_factors(const PlasticityFactorArgs<Real>&) override {}
  void readout(const ReadoutArgs<Real>&) override {}
  void loss(const LossArgs<Real>&) override {}
  void rate_penalty(const RatePenaltyArgs<Real>&) override {}
  void local_signal(const LocalSignalArgs<Real>&) override {}
  void adjoint(const AdjointArgs<Real>&) override {}
  void phase_factor(const PhaseFactorArgs<Real>&) override {}
  void readout_adjoint(const ReadoutAdjointArgs<Real>&) override {}
  void sent_trace(const SentTraceArgs<Real>&) override {}
  void outer_product(const OuterProductArgs<Real>& args) override {
    OuterProductArgs<Real> whole = args;
    whole.post.shape[0] = batch_;
    say(weights_of(args), device_.method(whole));
  }
  void eligibility(const EligibilityArgs<Real>& args) override {
    say(weights_of(args.product), {.text = "traces per synapse"});
  }
  void apply(const ApplyArgs<Real>&) override {}
  void mirror(const MirrorArgs<Real>&) override {}
  void transpose(const TransposeArgs<Real>&) override {}
  double sum_of_squares(View<const Real>) override { return 0.0; }
  void spike_digest(const SpikeDigestArgs&) override {}

 private:
  static std::string weights_of(const OuterProductArgs<Real>& args) {
    return fmt::format("gradient of {} x {} weights: ", args.projection.pre_count, args.projection.post_count);
  }
  void say(const std::string& what, const Method& method) {
    scratch_bytes_ = std::max(scratch_bytes_, method.scratch_bytes);
    const std::string text = what + method.text;
    if (std::find(methods_.begin(), methods_.end(), text) == methods_.end()) methods_.push_back(text);
  }

  const Backend<Real>& device_;
  std::size_t batch_;
  std::size_t scratch_bytes_ = 0;
  std::vector<Entry> entries_;
  struct Block {
    std::size_t entry, bytes;
  };
  std::map<std::uintptr_t, Block> blocks_;
  std::vector<std::string> methods_;
  std::uintptr_t next_ = std::uintptr_t{1} << 20;
};

// As large as a batch of the longest trials, and empty.
void stretch(TrialBatch& batch, const TaskShape& shape) {
  const std::size_t steps = std::max(batch.steps, shape.max_steps);
  const std::size_t frames = (steps + shape.frame_steps - 1) / shape.frame_steps;
  const auto resize = [&batch](auto& values, std::size_t before, std::size_t after) {
    if (!values.empty()) values.assign(batch.batch * (values.size() / batch.batch / before) * after, {});
  };
  resize(batch.intensity, batch.frames, frames);
  resize(batch.clamp, batch.frames, frames);
  resize(batch.events, batch.steps, steps);
  resize(batch.reward, batch.steps, steps);
  resize(batch.forced, batch.steps, steps);
  batch.segment.assign(batch.batch * steps, -1);
  batch.steps = steps;
  batch.frames = frames;
}

// A training batch of the first so many trials.
template <class Real>
CountingBackend<Real> counted(const Experiment& experiment, const Task& task, const Network& network,
                              const Backend<Real>& device, std::size_t trials) {
  CountingBackend<Real> backend(device, static_cast<std::size_t>(experiment.training.batch_size));
  NetworkState<Real> state(backend, network, experiment.feedback, experiment.seed,
                           follows_synapses(experiment.learning));
  const TaskShape shape = task.shape();
  Simulator<Real> simulator(state, experiment.learning, shape.loss, experiment.training.reduction, shape.frame_steps,
                            experiment.seed);
  const FirstTrials first(task, trials);
  TrialBatch batch;
  task.fill(Split::train, first.ids, batch);
  stretch(batch, shape);
  const auto slice_steps = static_cast<std::size_t>(experiment.training.slice_steps);
  if (update_steps(experiment.training.update) == 0) {
    simulator.run(batch, first.keys, {.training = true, .traces = {}, .slice_steps = slice_steps});
    simulator.compute_gradient();
  } else {
    simulator.start(batch, first.keys, slice_steps);
    simulator.run_window({0, std::min(update_steps(experiment.training.update), batch.steps)});
    simulator.finish();
  }
  return backend;
}

}  // namespace

std::size_t Plan::bytes(std::size_t batch) const {
  return std::accumulate(arrays.begin(), arrays.end(), std::size_t{0}, [batch](std::size_t sum, const auto& array) {
    return sum + array.fixed + batch * array.per_trial;
  });
}

std::size_t Plan::largest_batch(std::size_t memory) const {
  const std::size_t fixed = bytes(0);
  const std::size_t per_trial = bytes(1) - fixed;
  if (fixed >= memory) return 0;
  return per_trial == 0 ? std::numeric_limits<std::size_t>::max() : (memory - fixed) / per_trial;
}

template <class Real>
Plan make_plan(const Experiment& experiment, const Task& task, const Network& network, const Backend<Real>& device) {
  const bool is_one_trial = task.trial_count(Split::train) == 1 || is_plasticity(experiment.learning);
  const CountingBackend<Real> one = counted(experiment, task, network, device, 1);
  const CountingBackend<Real> two = is_one_trial ? one : counted(experiment, task, network, device, 2);
  Plan plan;
  plan.methods = two.methods();
  for (std::size_t n = 0; n < one.entries().size(); ++n) {
    const auto& array = one.entries()[n];
    const std::size_t per_trial = two.entries()[n].bytes - array.bytes;
    plan.arrays.push_back({array.what, array.bytes - per_trial, per_trial});
  }
  plan.arrays.push_back({"scratch memory of the kernels (/training/batch_size)", two.scratch_bytes(), 0});
  return plan;
}
template Plan make_plan<float>(const Experiment&, const Task&, const Network&, const Backend<float>&);
template Plan make_plan<double>(const Experiment&, const Task&, const Network&, const Backend<double>&);

bool may_slice(const Experiment& experiment) {
  if (experiment.training.carry_state || experiment.recording.energy) return false;
  if (update_steps(experiment.training.update) > 0) return false;
  return experiment.learning.visit([]<class S>(const S& settings) {
    if constexpr (PlasticSettings<S>) return settings.form == PlasticityForm::trial;
    if constexpr (requires { settings.rate_regularization; }) {
      return settings.rate_regularization.coefficient == 0.0 ||
             settings.rate_regularization.average == RateAverage::trial;
    }
    return true;
  });
}

bool may_slice_steps(const Experiment& experiment) {
  return !experiment.training.carry_state && !experiment.recording.energy && !is_plasticity(experiment.learning) &&
         !is_of_phases(experiment.learning);
}

namespace {

// The most steps of so many trials that fit, of whole frames. The memory grows in proportion to the steps.
template <class Real>
std::size_t largest_slice_steps(const Experiment& experiment, const Task& task, const Network& network,
                                const Backend<Real>& device, std::size_t trials, std::size_t memory) {
  const TaskShape shape = task.shape();
  const auto bytes = [&](std::size_t steps) {
    Experiment sliced = experiment;
    sliced.training.slice_steps = static_cast<int>(steps);
    return static_cast<double>(make_plan(sliced, task, network, device).bytes(trials));
  };
  const std::size_t few = std::max<std::size_t>(shape.max_steps / 4, 1);
  const std::size_t more = std::max<std::size_t>(shape.max_steps / 2, few + 1);
  const double few_bytes = bytes(few);
  const double per_step = (bytes(more) - few_bytes) / static_cast<double>(more - few);
  const double fit = static_cast<double>(few) + (static_cast<double>(memory) - few_bytes) / per_step;
  const auto frames = static_cast<std::size_t>(std::max(fit, 0.0)) / shape.frame_steps;
  return std::min(frames * shape.frame_steps, shape.max_steps);
}

}  // namespace

template <class Real>
Slices choose_slices(const Experiment& experiment, const Task& task, const Network& network,
                     const Backend<Real>& device, std::size_t memory) {
  const TrainingSettings& training = experiment.training;
  const auto batch = static_cast<std::size_t>(training.batch_size);
  const std::size_t evaluated = std::max(task.trial_count(Split::valid), task.trial_count(Split::test));
  Slices slices{.trials = batch,
                .evaluated_trials =
                    std::min(static_cast<std::size_t>(training.evaluation_batch), std::max<std::size_t>(evaluated, 1)),
                .steps = static_cast<std::size_t>(training.slice_steps)};
  const bool may_part = batch > 1 && may_slice(experiment);
  if (may_part && training.slice > 0) slices.trials = std::min(static_cast<std::size_t>(training.slice), batch);
  const bool parts_are_open = may_part && training.slice == 0;
  const bool steps_are_open = may_slice_steps(experiment) && slices.steps == 0;
  if (!parts_are_open && !steps_are_open && slices.evaluated_trials == 1) return slices;
  const std::size_t fit = make_plan(experiment, task, network, device).largest_batch(memory);
  if (parts_are_open) slices.trials = std::clamp<std::size_t>(fit, 1, batch);
  slices.fits = slices.trials <= fit;
  if (steps_are_open && !slices.fits) {
    const std::size_t steps = largest_slice_steps(experiment, task, network, device, slices.trials, memory);
    slices.fits = steps > 0;
    slices.steps = std::max(steps, task.shape().frame_steps);
    slices.evaluated_trials = std::min(slices.evaluated_trials, slices.trials);
  } else {
    slices.evaluated_trials = std::clamp<std::size_t>(fit, 1, slices.evaluated_trials);
  }
  return slices;
}
template Slices choose_slices<float>(const Experiment&, const Task&, const Network&, const Backend<float>&,
                                     std::size_t);
template Slices choose_slices<double>(const Experiment&, const Task&, const Network&, const Backend<double>&,
                                      std::size_t);

}  // namespace spikeweave
