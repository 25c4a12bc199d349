#include "spikeweave/train/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
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
    std::size_t bytes;
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
    const auto same = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.what == what; });
    if (same == entries_.end()) {
      entries_.push_back({what, bytes});
    } else {
      same->bytes += bytes;
    }
    const std::uintptr_t address = next_;
    next_ += (bytes + alignment - 1) / alignment * alignment;
    return reinterpret_cast<void*>(address);
  }
  void free(void*) noexcept override {}
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
  NetworkState<Real> state(backend, network, experiment.feedback, experiment.seed);
  const TaskShape shape = task.shape();
  Simulator<Real> simulator(state, experiment.learning, shape.loss, experiment.training.reduction, shape.frame_steps,
                            experiment.seed);
  const FirstTrials first(task, trials);
  TrialBatch batch;
  task.fill(Split::train, first.ids, batch);
  stretch(batch, shape);
  if (update_steps(experiment.training.update) == 0) {
    simulator.run(batch, first.keys, {.training = true, .traces = {}});
    simulator.compute_gradient();
  } else {
    simulator.start(batch, first.keys);
    simulator.run_window(batch, {0, std::min(update_steps(experiment.training.update), batch.steps)});
    simulator.finish(batch);
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

}  // namespace spikeweave
