// The learning signal of one step for all neurons, as both forms of e-prop read it.
#pragma once

#include <algorithm>
#include <vector>

#include "host/cpu/active_list.hpp"
#include "spikeweave/ops/gradient.hpp"

namespace spikeweave::cpu {

// The signal's rows over the neurons for one step of one trial.
template <class Real>
class SignalRows {
 public:
  explicit SignalRows(std::size_t neurons)
      : filtered_(neurons), unfiltered_(neurons, Real(0)), rate_factor_(neurons, Real(0)), mask_(neurons, Real(1)) {}

  void start_trial(const EpropInputs<Real>& in, std::size_t b) {
    if (!in.rate_factor.empty()) std::copy_n(in.rate_factor.row(b), rate_factor_.size(), rate_factor_.begin());
    unfiltered_ = rate_factor_;
  }

  // L[j] = sum over k, ascending, of B[k,j] err[k]; 0 where the step is not scored.
  void load(const EpropInputs<Real>& in, std::size_t b, std::size_t t) { load(in, b, t, 0, filtered_.size()); }
  // Of the neurons [begin, end); the rows of the others are not to be read.
  void load(const EpropInputs<Real>& in, std::size_t b, std::size_t t, std::size_t begin, std::size_t end) {
    const bool scored = !in.error.empty() && in.segment(b, t) >= 0;
    Real* const filtered = filtered_.data();
    if (scored || !is_zero_ || begin != begin_) std::fill(filtered + begin, filtered + end, Real(0));
    is_zero_ = !scored;
    begin_ = begin;
    if (scored) {
      const Real* error = in.error.row(b, t);
      for (std::size_t k = 0; k < in.error.shape[2]; ++k) {
        add_scaled_row(error[k], in.feedback.row(k) + begin, filtered + begin, end - begin);
      }
      for (std::size_t j = begin; j < end; ++j) filtered[j] *= in.readout.gain;
    }
    if (!in.local.empty()) {
      const Real* local = in.local.row(b, t);
      for (std::size_t j = begin; j < end; ++j) unfiltered_[j] = rate_factor_[j] + local[j];
    }
    if (!in.readout_mask.empty()) {
      const std::uint8_t* mask = in.readout_mask.row(b, t / in.frame_steps);
      for (std::size_t j = begin; j < end; ++j) mask_[j] = mask[j] != 0 ? in.readout_mask_scale : Real(0);
    }
  }

  const Real* filtered() const { return filtered_.data(); }
  const Real* unfiltered() const { return unfiltered_.data(); }
  const Real* mask() const { return mask_.data(); }

 private:
  std::vector<Real> filtered_, unfiltered_, rate_factor_, mask_;
  bool is_zero_ = false;   // the signal of the neurons of the last call,
  std::size_t begin_ = 0;  // from this one on
};

}  // namespace spikeweave::cpu
