// What a batch of trials brings to the device: keys, lengths, targets, scales of the errors, and the input.
#include <algorithm>
#include <cmath>
#include <string>

#include "spikeweave/core/random.hpp"
#include "spikeweave/core/sampling.hpp"
#include "spikeweave/train/simulator.hpp"

namespace spikeweave {
namespace {

template <class To, class From>
decltype(auto) converted(const std::vector<From>& values) {
  if constexpr (std::is_same_v<To, From>) {
    return (values);  // by reference
  } else {
    return std::vector<To>(values.begin(), values.end());
  }
}

// Intensities that the encoding cannot draw from: a task's currents are not probabilities.
void check_intensities(Encoding encoding, const std::vector<float>& intensity) {
  const float most = encoding == Encoding::poisson ? max_poisson_mean : 1.0f;
  const auto bad =
      std::find_if_not(intensity.begin(), intensity.end(), [most](float x) { return x >= 0 && x <= most; });
  if (bad == intensity.end()) return;
  throw InputError("/network/input/encoding",
                   "the task gives the intensity " + std::to_string(*bad) + "; " +
                       std::string(EnumNames<Encoding>::names[static_cast<std::size_t>(encoding)]) + " allows 0 to " +
                       std::to_string(static_cast<int>(most)) + " per step");
}

}  // namespace

// What belongs to a trial as a whole.
template <class Real>
void Simulator<Real>::upload_batch(const TrialBatch& whole, std::span<const std::uint32_t> trial_keys) {
  const TrialBatch& batch = *trials_;
  const auto shape = [this](auto& buffer, std::initializer_list<std::size_t> extents, const char* what) {
    buffer.reshape(backend_, extents, std::string(what) + " (/training/batch_size)");
  };
  const auto put = [&shape](auto& buffer, const auto& values, std::initializer_list<std::size_t> extents,
                            const char* what) {
    shape(buffer, extents, what);
    buffer.upload(values);
  };
  if (is_drawn(network_.encoding)) check_intensities(network_.encoding, batch.intensity);
  put(trial_key_, std::vector<std::uint32_t>(trial_keys.begin(), trial_keys.end()), {batch_}, "trial keys");
  put(length_, batch.length, {batch_}, "trial lengths");
  put(segment_, batch.segment, {batch_, steps_}, "segments");
  put(scale_, trial_scales(whole, network_.outputs == 0), {batch_}, "error scales");
  if (local_) put(local_scale_, trial_scales(whole, true), {batch_}, "local signal scales");
  if (loss_ == LossKind::softmax) {
    put(target_class_, batch.target_class, {batch_, batch.segments}, "target classes");
  } else {
    put(target_, converted<Real>(batch.target), {batch_, batch.segments, network_.outputs}, "targets");
  }
  put(ones_, std::vector<Real>(batch_, Real(1)), {batch_, 1, 1}, "activity of the bias");
  shape(spike_count_, {batch_, network_.neurons}, "spike counts");
  shape(digest_, {batch_}, "spike digests");
  if (network_.outputs == 0) return;
  shape(filtered_output_, {batch_, network_.outputs}, "filtered outputs");
  shape(loss_sum_, {batch_}, "losses");
  shape(segment_output_, {batch_, batch.segments, network_.outputs}, "segment outputs");
  shape(segment_sum_, {batch_, network_.outputs}, "segment sums");
}

// What a teacher does, what a rule's products of each step count for, on the mean over the trials, and what the steps
// count for in averages.
template <class Real>
void Simulator<Real>::upload_phases(std::size_t whole_batch, std::span<const std::uint32_t> trial_keys) {
  const TrialBatch& batch = *trials_;
  const std::size_t taught = batch.teacher_strength.empty() ? 0 : network_.taught.count;
  std::vector<Real> target(batch_ * taught), strength(taught > 0 ? batch_ * steps_ : 0);
  std::vector<Real> weight(is_of_phases_ ? batch_ * steps_ : 0);
  const std::size_t share = network_.outputs > 0 ? taught / network_.outputs : 0;  // neurons of an output
  for (std::size_t b = 0; b < batch_; ++b) {
    const RandomStream random(seed_, Purpose::phase_sign, 0, trial_keys[b]);
    const Real sign = batch.random_sign && random.uniform(0) < 0.5 ? Real(-1) : Real(1);
    for (std::size_t j = 0; j < taught; ++j) {
      target[b * taught + j] = static_cast<Real>(batch.teacher_target[b * network_.outputs + j / share]);
    }
    for (std::size_t t = 0; t < steps_ && !strength.empty(); ++t) {
      const auto of = static_cast<Real>(batch.teacher_strength[t]);
      strength[b * steps_ + t] = std::isinf(of) ? of : sign * of;
    }
    for (std::size_t t = 0; t < steps_ && !weight.empty(); ++t) {
      const Real of = batch.step_weight.empty() ? Real(1) : sign * static_cast<Real>(batch.step_weight[t]);
      weight[b * steps_ + t] = of / static_cast<Real>(whole_batch);
    }
  }
  const auto put = [this](auto& buffer, const auto& values, std::size_t columns, const char* what) {
    buffer.reshape(backend_, {values.empty() ? 0 : batch_, columns}, std::string(what) + " (/training/batch_size)");
    buffer.upload(values);
  };
  put(teacher_target_, target, taught, "targets of the teacher");
  put(teacher_strength_, strength, steps_, "strength of the teacher");
  put(step_weight_, weight, steps_, "weights of the steps");
  std::vector<Real> average;
  for (const std::int32_t length : batch.average) average.push_back(length == 0 ? Real(0) : Real(1) / Real(length));
  step_average_.reshape(backend_, {average.size()}, "averages over phases (/phases)");
  step_average_.upload(average);
}

template <class Real>
std::vector<Real> Simulator<Real>::trial_scales(const TrialBatch& whole, bool all_steps) const {
  const auto scored_steps = [all_steps](const TrialBatch& of, std::size_t b) {
    const auto first = of.segment.begin() + static_cast<std::ptrdiff_t>(b * of.steps);
    const std::int32_t length = of.length[b];
    return static_cast<double>(all_steps ? length : length - std::count(first, first + length, -1));
  };
  double total = 0.0;
  for (std::size_t b = 0; b < whole.batch; ++b) total += scored_steps(whole, b);
  std::vector<Real> scales(batch_, Real(0));
  for (std::size_t b = 0; b < batch_; ++b) {
    const double scored = scored_steps(*trials_, b);
    if (scored == 0.0) continue;
    const auto trials = static_cast<double>(whole.batch);
    const double divisor = reduction_ == Reduction::sum          ? trials
                           : reduction_ == Reduction::mean_trial ? scored * trials
                                                                 : total;
    scales[b] = static_cast<Real>(1.0 / divisor);
  }
  return scales;
}

// Gives a buffer the frames of the steps that are held and of so many before them.
template <class Real>
template <class T>
void Simulator<Real>::shape_frames(Buffer<T, Real>& buffer, std::size_t cells, const std::string& what,
                                   std::size_t before) {
  const std::size_t first = (held_.begin - before) / frame_steps_;
  const std::size_t end = (held_.end + frame_steps_ - 1) / frame_steps_;
  buffer.reshape(backend_, {batch_, end - first, cells}, what + " (/training/batch_size)", first);
}

// Fills the buffer with its rows of [batch, rows, cells].
template <class Real>
template <class T, class From>
void Simulator<Real>::upload_held(Buffer<T, Real>& buffer, const std::vector<From>& values, std::size_t rows) {
  const View<T> view = buffer.view();
  const std::size_t cells = view.shape[2];
  if (view.shape[1] == rows) {
    buffer.upload(converted<T>(values));
    return;
  }
  std::vector<T> part;
  part.reserve(view.size());
  for (std::size_t b = 0; b < batch_; ++b) {
    const auto first = values.begin() + static_cast<std::ptrdiff_t>((b * rows + buffer.first_row()) * cells);
    part.insert(part.end(), first, first + static_cast<std::ptrdiff_t>(view.shape[1] * cells));
  }
  buffer.upload(part);
}

// Input of the steps that are held, and of those before them that still arrive.
template <class Real>
void Simulator<Real>::make_input() {
  const TrialBatch& batch = *trials_;
  const std::size_t before = std::min(held_.begin, longest_delay(ProjectionKind::input));
  if (network_.encoding == Encoding::current) {
    shape_frames(values_, network_.inputs, "input values", before);
    upload_held(values_, batch.intensity, batch.frames);
  } else {
    shape_steps(events_, network_.inputs, "input events (/training/batch_size)", before);
    if (network_.encoding == Encoding::events) {
      upload_held(events_, batch.events, steps_);
    } else {
      shape_frames(intensity_, network_.inputs, "input intensities", before);
      upload_held(intensity_, batch.intensity, batch.frames);
      if (before > 0) backend_.encode(event_args({held_.begin - before, held_.begin}));
    }
  }
  shape_steps(forced_, batch.forced.empty() ? 0 : network_.task_cells, "forced spikes (/training/batch_size)");
  upload_held(forced_, batch.forced, steps_);
  shape_frames(clamp_, batch.clamp.empty() ? 0 : network_.task_cells, "clamps", 0);
  upload_held(clamp_, batch.clamp, batch.frames);
  if (options_.training) draw_masks(before);
}

template <class Real>
EncodeArgs Simulator<Real>::event_args(const StepWindow& window) const {
  return {network_.encoding, frame_steps_, intensity_.cview(), length_.cview(), keys(), events_.view(), window};
}

template <class Real>
void Simulator<Real>::draw_masks(std::size_t before) {
  const auto draw = [this](Purpose purpose, double drop_probability, const Buffer<std::uint8_t, Real>& mask) {
    backend_.dropout({purpose, drop_probability, keys(), mask.view(), mask.first_row()});
  };
  if (network_.input_dropout > 0.0) {
    shape_frames(input_mask_, network_.inputs, "input dropout mask", before);
    draw(Purpose::input_dropout, network_.input_dropout, input_mask_);
  }
  if (network_.readout.dropout > 0.0) {
    shape_frames(readout_mask_, network_.neurons, "readout dropout mask", 0);
    draw(Purpose::readout_dropout, network_.readout.dropout, readout_mask_);
  }
}

template class Simulator<float>;
template class Simulator<double>;

}  // namespace spikeweave
