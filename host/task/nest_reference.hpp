// The three e-prop runs with published losses: NEST's regression tests of its e-prop models, drawn again here from
// their recipe (numpy RandomState(1)), so that a build can be checked without any data file.
//
// Source: nest/nest-simulator, testsuite/pytests/synapses/test_eprop_bsshslm_2020_plasticity.py (settings, the order
// of the random draws, and the losses; no code). Models: Bellec et al. (2020), Nat. Commun. 11:3625.
// Exactness: all arrays equal those of numpy bit for bit, except the real target (below).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace spikeweave {

struct NestReferenceCase {
  static constexpr std::size_t iteration_count = 5;  // weight updates; each follows one batch of trials

  std::string name;
  bool classification = false;  // true: softmax cross-entropy; false: 0.5 * sum of squares
  std::size_t batch_size = 1;
  std::size_t input_count = 0;
  std::size_t neuron_count = 0;    // recurrent neurons: first LIF, then ALIF
  std::size_t adaptive_count = 0;  // the last ones of neuron_count are ALIF
  std::size_t output_count = 0;
  std::size_t step_count = 0;             // steps of one trial; every trial starts from zero state
  std::size_t learning_window_steps = 0;  // the last steps of a trial; error and loss are zero before

  // Weights before the first update, row = presynaptic neuron, in units of the threshold's unit per spike.
  std::vector<float> weights_in;   // [input_count, neuron_count]
  std::vector<float> weights_rec;  // [neuron_count, neuron_count]   zero diagonal
  std::vector<float> weights_out;  // [neuron_count, output_count]
  std::vector<float> feedback;     // [output_count, neuron_count]   fixed

  std::vector<std::uint8_t> input_spikes;    // [iteration_count, batch_size, step_count, input_count]   0 or 1
  std::vector<double> target_signal;         // [step_count, output_count]   regression, the same in every trial
  std::vector<std::int32_t> target_classes;  // [iteration_count, batch_size]   classification
  std::vector<std::int32_t> cues;            // [iteration_count, batch_size, cue_count]   0 left, 1 right
  std::size_t cue_count = 0;

  // Neurons
  double dt = 1.0;                    // [ms]
  double tau_m = 20.0;                // [ms]   membrane
  double tau_out = 20.0;              // [ms]   readout; its input gain is 1 - exp(-dt/tau_out)
  double tau_a = 2000.0;              // [ms]   threshold adaptation (ALIF)
  double beta = 0.0;                  // [unit of v_th]   threshold rise per spike (ALIF)
  double v_th = 0.6;                  // also the amount that a spike takes from the voltage
  double gamma = 0.3;                 // height of the pseudo-derivative times v_th; its half-width is v_th
  std::int32_t refractory_steps = 0;  // n_ref: shortest interval between two spikes
  bool scale_input = false;           // true: zeta = 1 - exp(-dt/tau_m); false: zeta = 1

  // Learning
  double c_reg = 300.0;           // firing-rate regularisation; divided by the window too if average_gradient
  double rate_target = 10.0;      // [Hz]
  bool average_gradient = false;  // gradients, the regulariser's included, are divided by learning_window_steps
  bool adam = false;              // false: plain gradient descent
  double eta = 0.0;
  double beta_1 = 0.9;
  double beta_2 = 0.999;
  double epsilon = 1e-8;  // outside the bias correction

  // Loss per iteration: sum over the trial (regression), or mean over the window (classification); mean over the batch.
  std::array<double, iteration_count> published_losses{};
};

// Sine-wave regression: 100-100-1, 1000 steps, the same frozen input in each of the five trials.
// The target goes through std::sin: it differs from the published array by up to 7e-16, because numpy's own sin
// depends on the processor (with AVX-512 it is 4 ulp wide; elsewhere numpy gives these values).
NestReferenceCase nest_regression_case();

// Evidence accumulation: 40-(50 LIF, 50 ALIF)-2, 2250 steps. batch_size is 1 or 2; losses were published for no other.
// Throws: Error for another batch size.
NestReferenceCase nest_evidence_case(std::size_t batch_size);

}  // namespace spikeweave
