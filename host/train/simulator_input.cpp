// What a batch of trials brings to the device: keys, lengths, targets, scales of the errors, and the input.
#include <algorithm>
#include <string>

#include "spikeweave/core/sampling.hpp"
#include "spikeweave/train/simulator.hpp"

namespace spikeweave {
namespace {

template <class To, class From>
std::vector<To> converted(const std::vector<From>& values) {
  return std::vector<To>(values.begin(), values.end());
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

template <class Real>
void Simulator<Real>::upload_batch(const TrialBatch& batch, const TrialBatch& whole,
                                   std::span<const std::uint32_t> trial_keys) {
  const auto put = [this](auto& buffer, const auto& values, std::initializer_list<std::size_t> shape,
                          const char* what) {
    buffer.reshape(backend_, shape, std::string(what) + " (/training/batch_size)");
    buffer.upload(values);
  };
  put(trial_key_, std::vector<std::uint32_t>(trial_keys.begin(), trial_keys.end()), {batch_}, "trial keys");
  put(length_, batch.length, {batch_}, "trial lengths");
  put(segment_, batch.segment, {batch_, steps_}, "segments");
  put(scale_, trial_scales(batch, whole, network_.outputs == 0), {batch_}, "error scales");
  if (local_) put(local_scale_, trial_scales(batch, whole, true), {batch_}, "local signal scales");
  put(forced_, batch.forced, {batch_, steps_, batch.forced.empty() ? 0 : network_.task_cells}, "forced spikes");
  put(clamp_, converted<Real>(batch.clamp), {batch_, batch.frames, batch.clamp.empty() ? 0 : network_.task_cells},
      "clamps");
  if (loss_ == LossKind::softmax) {
    put(target_class_, batch.target_class, {batch_, batch.segments}, "target classes");
  } else {
    put(target_, converted<Real>(batch.target), {batch_, batch.segments, network_.outputs}, "targets");
  }
}

template <class Real>
std::vector<Real> Simulator<Real>::trial_scales(const TrialBatch& batch, const TrialBatch& whole,
                                                bool all_steps) const {
  const auto scored_steps = [all_steps](const TrialBatch& of, std::size_t b) {
    const auto first = of.segment.begin() + static_cast<std::ptrdiff_t>(b * of.steps);
    const std::int32_t length = of.length[b];
    return static_cast<double>(all_steps ? length : length - std::count(first, first + length, -1));
  };
  double total = 0.0;
  for (std::size_t b = 0; b < whole.batch; ++b) total += scored_steps(whole, b);
  std::vector<Real> scales(batch_, Real(0));
  for (std::size_t b = 0; b < batch_; ++b) {
    const double scored = scored_steps(batch, b);
    if (scored == 0.0) continue;
    const auto trials = static_cast<double>(whole.batch);
    const double divisor = reduction_ == Reduction::sum          ? trials
                           : reduction_ == Reduction::mean_trial ? scored * trials
                                                                 : total;
    scales[b] = static_cast<Real>(1.0 / divisor);
  }
  return scales;
}

template <class Real>
void Simulator<Real>::make_input(const TrialBatch& batch, bool training) {
  const std::string sized_by = " (/training/batch_size)";
  const std::size_t inputs = network_.inputs;
  if (network_.encoding == Encoding::current) {
    values_.reshape(backend_, {batch_, batch.frames, inputs}, "input values" + sized_by);
    values_.upload(converted<Real>(batch.intensity));
  } else {
    events_.reshape(backend_, {batch_, steps_, inputs}, "input events" + sized_by);
    if (network_.encoding == Encoding::events) {
      events_.upload(batch.events);
    } else {
      check_intensities(network_.encoding, batch.intensity);
      intensity_.reshape(backend_, {batch_, batch.frames, inputs}, "input intensities" + sized_by);
      intensity_.upload(batch.intensity);
    }
  }
  if (training && network_.input_dropout > 0.0) {
    input_mask_.reshape(backend_, {batch_, batch.frames, inputs}, "input dropout mask" + sized_by);
    backend_.dropout({Purpose::input_dropout, network_.input_dropout, keys(), input_mask_.view()});
  }
  if (training && network_.readout.dropout > 0.0) {
    readout_mask_.reshape(backend_, {batch_, batch.frames, network_.neurons}, "readout dropout mask" + sized_by);
    backend_.dropout({Purpose::readout_dropout, network_.readout.dropout, keys(), readout_mask_.view()});
  }
}

template class Simulator<float>;
template class Simulator<double>;

}  // namespace spikeweave
