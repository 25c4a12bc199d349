// Trials in slices of time: the arrays hold some steps of a trial at once, and the gradient runs the slices again, from
// the states in which they began.

#include <algorithm>

#include "spikeweave/train/simulator.hpp"

namespace spikeweave {

// The longest delay between neurons, or from the input to them [steps].
template <class Real>
std::size_t Simulator<Real>::longest_delay(ProjectionKind kind) const {
  std::size_t longest = 0;
  for (const Projection& projection : network_.projections) {
    if (projection.kind == kind) longest = std::max(longest, projection.delay);
  }
  return longest;
}

// Steps before `begin` whose spikes still arrive behind it; the step before it always counts.
template <class Real>
std::size_t Simulator<Real>::steps_under_way(std::size_t begin) const {
  return std::min(begin, std::max<std::size_t>(longest_delay(ProjectionKind::recurrent), 1));
}

template <class Real>
typename Simulator<Real>::Sent Simulator<Real>::sent_before(std::size_t begin) const {
  const std::size_t count = steps_under_way(begin);
  Sent sent;
  sent.spikes = spikes_.download_rows(begin - count, count);
  if (sends_numbers_) sent.outputs = neuron_outputs_.download_rows(begin - count, count);
  return sent;
}

// What the slice that begins there needs to run again.
template <class Real>
typename Simulator<Real>::SliceStart Simulator<Real>::slice_start(std::size_t begin) const {
  if (begin == 0) return {};
  return {sent_before(begin), state_.neuron_states(), filtered_output_.download(), prediction_trace_.download()};
}

// Makes the arrays those of a stretch of steps. sent: what neurons sent before it.
template <class Real>
void Simulator<Real>::hold(const StepWindow& steps, const Sent& sent) {
  held_ = steps;
  const std::string sized_by = " (/training/batch_size, /network/populations)";
  const std::size_t neurons = network_.neurons;
  const std::size_t before = steps_under_way(steps.begin);
  shape_steps(spikes_, neurons, "spikes" + sized_by, before);
  if (sends_numbers_) shape_steps(neuron_outputs_, network_.cells, "neuron outputs" + sized_by, before);
  if (options_.training && !is_plasticity_) {
    const bool follows = follows_synapses(spike_path_);
    shape_steps(psi_, network_.cells, "pseudo-derivatives" + sized_by, 0,
                follows ? longest_delay(ProjectionKind::recurrent) : 0);
  }
  if (options_.training && local_) shape_steps(local_signal_, neurons, "local signals" + sized_by);
  if (network_.outputs > 0) {
    shape_steps(output_, network_.outputs, "outputs (/training/batch_size)");
    if (options_.training) {
      shape_steps(error_, network_.outputs, "errors (/training/batch_size)");
      shape_steps(readout_factor_, network_.outputs, "readout factors (/training/batch_size)");
    }
  }
  make_input();
  if (before == 0) return;
  spikes_.upload_rows(steps.begin - before, sent.spikes);
  if (sends_numbers_) neuron_outputs_.upload_rows(steps.begin - before, sent.outputs);
}

// The stretch from `begin` on, which follows on the one that is held.
template <class Real>
void Simulator<Real>::hold_next(std::size_t begin, std::size_t least) {
  const Sent sent = begin > 0 ? sent_before(begin) : Sent{};
  hold({begin, std::min(steps_, begin + std::max(slice_, least))}, sent);
}

// The last slice is still there; the others run again.
template <class Real>
void Simulator<Real>::add_slices_backward() {
  adjoint_state_.reshape(backend_, {adjoint_bytes<Real>(rule_, batch_ * network_.neurons)},
                         "adjoints between slices (/training/batch_size)");
  readout_state_.reshape(backend_, {batch_, network_.outputs}, "readout factors between slices (/training/batch_size)");
  std::vector<Real> behind;  // post factors of the first steps of the slice behind
  for (std::size_t k = starts_.size(); k-- > 0;) {
    const StepWindow slice{k * slice_, std::min((k + 1) * slice_, steps_)};
    if (held_.begin != slice.begin) {
      const SliceStart& start = starts_[k];
      hold(slice, start.sent);
      if (k > 0) {
        state_.set_neuron_states(start.neuron_states, batch_);
        if (network_.outputs > 0) filtered_output_.upload(start.filtered_output);
        if (local_) prediction_trace_.upload(start.prediction_trace);
      }
      run_steps(slice);
      psi_.upload_rows(slice.end, behind);
    }
    add_hidden_gradient(slice);
    if (network_.outputs > 0) add_readout_gradient(slice, readout_state_.view());
    behind = psi_.download_rows(slice.begin, psi_rows_behind(slice.begin));
  }
}

// Rows of post factors from `begin` on that the slice before needs.
template <class Real>
std::size_t Simulator<Real>::psi_rows_behind(std::size_t begin) const {
  if (!follows_synapses(spike_path_)) return 0;
  return std::min(longest_delay(ProjectionKind::recurrent), steps_ - begin);
}

// Of the form with traces per synapse, which go on from slice to slice.
template <class Real>
void Simulator<Real>::add_slices_forward() {
  for (std::size_t begin = 0; begin < steps_; begin += slice_) {
    hold_next(begin, 0);
    run_steps(held_);
    add_window_gradient(held_);
  }
}

template <class Real>
void Simulator<Real>::add_slices() {
  run_rate_penalty({});
  const std::vector<std::uint32_t> counts = spike_count_.download();  // running again counts again
  if (form_ == EpropForm::trial) {
    add_slices_backward();
  } else {
    add_slices_forward();
  }
  spike_count_.upload(counts);
}

template class Simulator<float>;
template class Simulator<double>;

}  // namespace spikeweave
