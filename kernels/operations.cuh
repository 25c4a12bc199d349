// The operations of the CUDA backend, one per .cu file; the contracts stand in spikeweave/ops/.
#pragma once

#include "kernels/cuda_api.cuh"
#include "kernels/device_backend.hpp"
#include "kernels/device_memory.cuh"

namespace spikeweave::SW_DEVICE {

struct DeviceLimits {
  unsigned multiprocessors = 0;
  std::size_t shared_bytes = 0;  // of a block
  bool has_clusters = false;
};

// What every operation works with. One stream: scratch is free again when the next operation starts.
struct Context {
  cudaStream_t stream = nullptr;
  DeviceOptions options;
  DeviceLimits device;
  Scratch scratch;  // intermediate arrays
  Scratch tables;   // lists uploaded for one call
};

void encode(Context& context, const EncodeArgs& args);
void dropout(Context& context, const DropoutArgs& args);
void forward(Context& context, const ForwardArgs<float>& args);
void plasticity_factors(Context& context, const PlasticityFactorArgs<float>& args);
void readout(Context& context, const ReadoutArgs<float>& args);
void loss(Context& context, const LossArgs<float>& args);
void rate_penalty(Context& context, const RatePenaltyArgs<float>& args);
void local_signal(Context& context, const LocalSignalArgs<float>& args);
void adjoint(Context& context, const AdjointArgs<float>& args);
void phase_factor(Context& context, const PhaseFactorArgs<float>& args);
void readout_adjoint(Context& context, const ReadoutAdjointArgs<float>& args);
void sent_trace(Context& context, const SentTraceArgs<float>& args);
void outer_product(Context& context, const OuterProductArgs<float>& args);
void eligibility(Context& context, const EligibilityArgs<float>& args);
void apply(Context& context, const ApplyArgs<float>& args);
void mirror(Context& context, const MirrorArgs<float>& args);
void transpose(Context& context, const TransposeArgs<float>& args);
// Which kernels would run, and the scratch memory that they take.
Method forward_method(const Context& context, const ForwardArgs<float>& args);
Method outer_product_method(const OuterProductArgs<float>& args);
double sum_of_squares(Context& context, View<const float> values);
void spike_digest(Context& context, const SpikeDigestArgs& args);

}  // namespace spikeweave::SW_DEVICE
