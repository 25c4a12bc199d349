// One batch of trials on a backend: forward pass, readout, loss, and the learning rule's gradient.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "spikeweave/config/experiment.hpp"
#include "spikeweave/network/network_state.hpp"
#include "spikeweave/network/plasticity_state.hpp"
#include "spikeweave/task/task.hpp"

namespace spikeweave {

// What is recorded of the states: the same neurons and columns in every trial.
struct StateTrace {
  std::size_t population = 0;
  std::size_t column = 0;
  std::vector<std::size_t> neurons;  // within the population
};

template <class Real>
class Simulator {
 public:
  // state and learning must outlive the simulator.
  Simulator(NetworkState<Real>& state, const LearningSettings& learning, LossKind loss, Reduction reduction,
            std::size_t frame_steps, std::uint64_t seed);

  struct Options {
    bool training = false;  // dropout on, psi and errors kept for compute_gradient()
    std::span<const StateTrace> traces;
    const TrialBatch* whole = nullptr;  // the batch that this one is a part of: averages are over all of it
    // Steps of a trial in memory at once, for rules that follow a gradient and without traces; 0: all. The gradient
    // then runs every slice but the last again, and the arrays below are those of the slice that is there.
    std::size_t slice_steps = 0;
  };

  // From now on a training batch goes on where the last one ended: neuron states, spikes under way, traces. Every batch
  // has the same number of trials, and no other batch is run.
  void carry_state() { carries_state_ = true; }

  // Where state is carried: all that the next batch depends on beside the parameters; empty before the first batch.
  std::vector<std::byte> carried_state() const;
  // Throws InputError where it is that of another network.
  void set_carried_state(const std::vector<std::byte>& bytes);

  // Runs the batch, which must live until its gradient is there. trial_keys: [batch], the words that make the trials'
  // random numbers differ.
  TrialResult run(const TrialBatch& batch, std::span<const std::uint32_t> trial_keys, const Options& options);

  // A training batch in windows of steps, so that weights may change between them: start(), run_window() for windows
  // that follow one another from step 0 to the batch's last, finish(). run_window() leaves the gradient of the window's
  // errors in the state, as compute_gradient() does that of all; with weights that stay the same they add up to it. For
  // rules that have traces per synapse (has_traces); the rate penalty sees the trial up to the end of the window.
  void start(const TrialBatch& batch, std::span<const std::uint32_t> trial_keys, std::size_t slice_steps = 0);
  void run_window(const StepWindow& window);
  TrialResult finish();

  // The gradient of the last batch, which was run with training = true, into the state: the sum over trials of scale[b]
  // times the trial's gradient, with the scales of the reduction. Of the weights that a plasticity rule in the form
  // `trial` changes: minus the change, summed over trials. With the other forms those weights have changed already.
  // adds: to the gradient that stands there, of another part of the batch.
  void compute_gradient(bool adds = false);

  // Of the last batch.
  std::vector<std::uint32_t> spike_counts() const { return spike_count_.download(); }  // [batch, neurons]
  std::vector<std::uint64_t> spike_digests();                                          // [batch]
  std::vector<std::uint8_t> spikes() const { return spikes_.download(); }              // [batch, steps, neurons]
  std::vector<Real> neuron_outputs() const { return neuron_outputs_.download(); }      // [batch, steps, cells] or empty
  std::vector<Real> output() const { return output_.download(); }                      // [batch, steps, outputs]
  std::vector<std::uint8_t> input_events() const { return events_.download(); }        // [batch, steps, inputs]
  std::vector<Real> input_values() const { return values_.download(); }                // [batch, frames, inputs]
  // Of a training batch, [batch, steps, cells] and [batch, steps, outputs]: before compute_gradient() the
  // pseudo-derivative, after it the post factor; dE/dy with the reduction's scale.
  std::vector<Real> psi() const { return psi_.download(); }
  std::vector<Real> errors() const { return error_.download(); }
  // After compute_gradient() under a local learning signal: that signal, [batch, steps, neurons]; else empty.
  std::vector<Real> local_signal() const { return local_signal_.download(); }
  std::vector<std::vector<float>> traces() const;  // per StateTrace [batch, steps, neurons]

 private:
  // What the neurons sent in the steps before a slice: [batch, steps, neurons].
  struct Sent {
    std::vector<std::uint8_t> spikes;
    std::vector<Real> outputs;
  };
  struct SliceStart {
    Sent sent;
    std::vector<std::byte> neuron_states;
    std::vector<Real> filtered_output, prediction_trace;
  };

  void begin_batch(const TrialBatch& batch, std::span<const std::uint32_t> trial_keys, const Options& options);
  void upload_batch(const TrialBatch& whole, std::span<const std::uint32_t> trial_keys);
  void make_input();
  void draw_masks(std::size_t before);
  EncodeArgs event_args(const StepWindow& window) const;
  // Gives a buffer the steps that are held, and so many before and behind them.
  template <class T>
  void shape_steps(Buffer<T, Real>& buffer, std::size_t cells, const std::string& what, std::size_t before = 0,
                   std::size_t behind = 0) {
    const std::size_t first = held_.begin - before;
    const std::size_t rows = std::min(held_.end + behind, steps_) - first;
    buffer.reshape(backend_, {batch_, rows, cells}, what, first);
  }
  template <class T>
  void shape_frames(Buffer<T, Real>& buffer, std::size_t cells, const std::string& what, std::size_t before);
  template <class T, class From>
  void upload_held(Buffer<T, Real>& buffer, const std::vector<From>& values, std::size_t rows);
  std::size_t longest_delay(ProjectionKind kind) const;
  std::size_t steps_under_way(std::size_t begin) const;
  std::size_t psi_rows_behind(std::size_t begin) const;
  Sent sent_before(std::size_t begin) const;
  SliceStart slice_start(std::size_t begin) const;
  void hold(const StepWindow& steps, const Sent& sent);
  void hold_next(std::size_t begin, std::size_t least);
  bool is_sliced() const { return slice_ < steps_; }
  void run_steps(const StepWindow& window);
  void run_forward(const StepWindow& window);
  void run_readout(const StepWindow& window);
  void run_loss(const StepWindow& window);
  void run_rate_penalty(const StepWindow& window);
  void run_local_signal(const StepWindow& window);
  std::vector<Real> modulators(const TrialBatch& batch);
  void upload_trial_weights(const TrialBatch& batch);
  void upload_phases(std::size_t whole_batch, std::span<const std::uint32_t> trial_keys);
  void trace_task_cells(ForwardArgs<Real>& args);
  void add_task_cells();
  std::vector<Real> trial_scales(const TrialBatch& whole, bool all_steps) const;
  EpropInputs<Real> eprop_inputs() const;
  void add_slices();
  void add_slices_backward();
  void add_slices_forward();
  void add_hidden_gradient(const StepWindow& window);
  void add_window_gradient(const StepWindow& window);
  void add_phase_gradient();
  void add_plasticity_changes();
  void add_readout_gradient(const StepWindow& window, const View<Real>& carried);
  void carry_readout(const Projection& projection, const StepWindow& window);
  void keep_sent_trace(const StepWindow& window);
  View<Real> plasticity_factors(SynapseSide side, bool of_input);
  OuterProductArgs<Real> product_args(const Projection& projection);
  View<const Real> sent_values() const { return sends_numbers_ ? neuron_outputs_.cview() : View<const Real>(); }
  RandomKeys keys() const { return {seed_, trial_key_.cview()}; }

  NetworkState<Real>& state_;
  Backend<Real>& backend_;
  const Network& network_;
  const LearningSettings& learning_;
  const std::size_t rule_;    // index in GradientRules, if it is one
  const bool is_plasticity_;  // a plasticity rule
  const bool is_of_phases_;   // a rule of phases
  PlasticityForm plasticity_form_ = PlasticityForm::trial;
  std::size_t term_count_ = 0;  // of the plasticity rule
  PlasticityState<Real> plasticity_;
  EpropForm form_ = EpropForm::trial;
  SpikePath spike_path_ = SpikePath::cut;
  RateRegularization rate_regularization_{};
  std::optional<EpropParams> local_;  // settings of a local learning signal
  const LossKind loss_;
  const Reduction reduction_;
  const std::size_t frame_steps_;
  const std::uint64_t seed_;
  const bool sends_numbers_;  // see sends_numbers()
  bool carries_state_ = false;
  std::uint64_t steps_before_ = 0;  // where state is carried: steps run so far
  std::vector<double> modulator_;   // [batch]  at the end of the last batch
  std::size_t batch_ = 0;
  std::size_t steps_ = 0;
  const TrialBatch* trials_ = nullptr;  // the last batch
  Options options_;                     // of it
  std::size_t slice_ = 0;               // steps in memory at once
  StepWindow held_{0, 0};               // those that the arrays hold
  std::vector<SliceStart> starts_;      // of its slices
  TrialResult result_;

  // Where steps or frames are written below, those that are held.
  Buffer<std::uint32_t, Real> trial_key_;    // [batch]
  Buffer<std::int32_t, Real> length_;        // [batch]
  Buffer<std::int32_t, Real> segment_;       // [batch, steps of the trial]
  Buffer<float, Real> intensity_;            // [batch, frames, inputs]
  Buffer<Real, Real> values_;                // [batch, frames, inputs]
  Buffer<std::uint8_t, Real> events_;        // [batch, steps, inputs]
  Buffer<std::uint8_t, Real> input_mask_;    // [batch, frames, inputs]
  Buffer<Real, Real> ones_;                  // [batch, 1, 1]  what the bias sends
  Buffer<std::uint8_t, Real> readout_mask_;  // [batch, frames, neurons]
  Buffer<std::uint8_t, Real> history_;       // [batch, longest delay, neurons]
  Buffer<Real, Real> trial_weight_;          // [batch, steps]
  Buffer<Real, Real> target_;                // [batch, segments, outputs]
  Buffer<std::int32_t, Real> target_class_;  // [batch, segments]
  Buffer<Real, Real> scale_;                 // [batch]  of the outputs' errors and the rate penalty
  Buffer<Real, Real> local_scale_;           // [batch]  of the local signal, which every step has
  Buffer<Real, Real> output_history_;        // [batch, longest delay, cells]  where sends_numbers_
  Buffer<std::uint8_t, Real> forced_;        // [batch, steps, task_cells]
  Buffer<Real, Real> teacher_target_;        // [batch, taught neurons]
  Buffer<Real, Real> teacher_strength_;      // [batch, steps of the trial]
  Buffer<Real, Real> step_weight_;           // [batch, steps of the trial]
  Buffer<Real, Real> step_average_;          // [steps of the trial] or empty
  Buffer<Real, Real> clamp_;                 // [batch, frames, task_cells] or empty
  Buffer<std::uint8_t, Real> spikes_;        // [batch, steps, neurons]
  Buffer<Real, Real> neuron_outputs_;        // [batch, steps, cells]  where sends_numbers_; else empty
  Buffer<Real, Real> psi_;                   // [batch, steps, cells]; the post factor after compute_gradient()
  Buffer<Real, Real> local_signal_;          // [batch, steps, neurons]  predictions of the forward pass at first
  // What goes on from window to window.
  Buffer<Real, Real> filtered_output_;                // [batch, outputs]
  Buffer<Real, Real> prediction_trace_;               // [batch, neurons]
  Buffer<Real, Real> sent_trace_;                     // [batch, neurons]
  std::vector<Buffer<std::byte, Real>> eligibility_;  // per projection: columns of the rule's Trace, [batch, synapses]
  Buffer<double, Real> segment_sum_;                  // [batch, outputs]
  Buffer<std::byte, Real> adjoint_state_;             // columns of the rule's Adjoint, [batch, neurons]
  Buffer<Real, Real> readout_state_;                  // [batch, outputs]
  Buffer<std::uint32_t, Real> spike_count_;           // [batch, neurons]
  Buffer<Real, Real> output_;                         // [batch, steps, outputs]
  Buffer<Real, Real> error_;                          // [batch, steps, outputs]
  Buffer<Real, Real> readout_factor_;                 // [batch, steps, outputs]
  Buffer<Real, Real> rate_factor_;                    // [batch, neurons]
  Buffer<double, Real> loss_sum_;                     // [batch]
  Buffer<float, Real> segment_output_;                // [batch, segments, outputs]
  Buffer<std::uint64_t, Real> digest_;                // [batch]
  std::vector<Buffer<float, Real>> traces_;           // per StateTrace
  // Factors of a plasticity rule: [terms, batch, steps, cells]
  Buffer<Real, Real> input_pre_factors_, neuron_pre_factors_, post_factors_;
  std::vector<StateTrace> cell_requests_;  // the task's cells, per population
  std::vector<Buffer<float, Real>> cell_traces_;
};

}  // namespace spikeweave
