// How far the update of an experiment's learning rule agrees with the true gradient of the same trials.
//
// The true gradient is that of the rule bptt, all paths followed, at the same weights and spikes, with the rate penalty
// of the experiment's rule; see learning/bptt.hpp. The update is what the rule hands to the optimizer: its gradient or,
// of a plasticity rule, minus the change of the weights.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "spikeweave/train/trainer.hpp"

namespace spikeweave {

// Of one weight matrix. Norms are Euclidean; what cannot be had because a norm is 0 is NaN.
struct MatrixAgreement {
  std::string name;         // of the projection; "bias"
  double cosine = 0.0;      // between update and true gradient
  double norm_ratio = 0.0;  // |update| / |true gradient|
  double update_norm = 0.0;
  double true_norm = 0.0;
};

// Of one population: the mean over trials and steps of the angle between the errors that the rule gives its neurons and
// the true ones, both as post factors; steps in which either has none are left out, NaN where all are.
struct LayerAngle {
  std::string name;
  double degrees = 0.0;
};

struct GradientAgreement {
  std::uint64_t epoch = 0;  // of training that came before
  double loss = 0.0;        // mean over the trials
  double rate = 0.0;        // mean over the neurons [Hz]
  std::vector<MatrixAgreement> matrices;
  std::vector<LayerAngle> layers;  // of rules that follow a gradient from the end of the trial; else empty
};

// a: the update, b: the true gradient.
MatrixAgreement agreement(const std::string& name, const double* a, const double* b, std::size_t count);

// Between two vectors [degrees]; NaN where one is 0.
double angle_between(const double* a, const double* b, std::size_t count);

// Everything that a third party needs to compute both gradients again. Arrays as the engine has them.
template <class Real>
struct GradientRecord {
  TrialBatch batch;
  std::vector<std::uint8_t> events;    // [batch, steps, inputs] or empty, then values:
  std::vector<Real> values;            // [batch, frames, inputs]
  std::vector<Real> parameters;        // [parameter_count]
  std::vector<Real> feedback;          // [outputs, neurons]
  std::vector<std::uint8_t> spikes;    // [batch, steps, neurons]
  std::vector<Real> outputs;           // [batch, steps, neurons]  of networks with rate models; else empty
  std::vector<Real> psi;               // [batch, steps, neurons]
  std::vector<Real> readout;           // [batch, steps, outputs]
  std::vector<Real> error;             // [batch, steps, outputs]  dE/dy, the reduction's scale in it
  std::vector<Real> signal;            // [batch, steps, neurons]  of the rule; empty where it has none
  std::vector<Real> update, gradient;  // [parameter_count]
};

template <class Real>
class GradientCheck {
 public:
  // trials: of the training split, the first so many. experiment and trainer must outlive this.
  // Throws InputError where the network has no true gradient, or no trial can be run twice.
  GradientCheck(Trainer<Real>& trainer, const Experiment& experiment, std::size_t trials);

  // At the trainer's present weights, which stay as they are.
  GradientAgreement run();
  const GradientRecord<Real>& record() const { return record_; }

 private:
  void run_rule();
  void run_online_plasticity();
  double run_true_gradient();
  std::vector<LayerAngle> layer_angles() const;

  Trainer<Real>& trainer_;
  const Experiment& experiment_;
  std::vector<std::uint64_t> ids_;
  std::vector<std::uint32_t> keys_;
  LearningSettings exact_rule_;
  NetworkState<Real> exact_state_;
  std::unique_ptr<Simulator<Real>> rule_, exact_;
  GradientRecord<Real> record_;
  std::vector<Real> rule_factor_, true_factor_;  // [batch, steps, neurons]  post factors of both
};

}  // namespace spikeweave
