// Where memory lies and operations run: the CPU (float and double) or a CUDA device (float).
//
// Every operation is one virtual function over a struct of views (ops/); its contract stands there. Views hold memory
// of this backend. Calls are issued in order; download() waits for what came before it.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "spikeweave/ops/digest.hpp"
#include "spikeweave/ops/encode.hpp"
#include "spikeweave/ops/forward.hpp"
#include "spikeweave/ops/gradient.hpp"
#include "spikeweave/ops/plasticity.hpp"
#include "spikeweave/ops/readout.hpp"
#include "spikeweave/ops/update.hpp"

namespace spikeweave {

// How an operation would be done.
struct Method {
  std::string text;               // in words
  std::size_t scratch_bytes = 0;  // memory of the backend that it takes meanwhile
};

template <class Real>
class Backend {
 public:
  virtual ~Backend() = default;

  virtual std::string kind() const = 0;         // "cpu", "cuda"
  virtual std::string device_name() const = 0;  // for messages and result files

  // Memory. allocate throws Error naming `what` (an array and the setting that sizes it) and the bytes.
  virtual void* allocate(std::size_t bytes, const std::string& what) = 0;
  virtual void free(void* memory) noexcept = 0;
  virtual void upload(void* to, const void* from_host, std::size_t bytes) = 0;
  virtual void download(void* to_host, const void* from, std::size_t bytes) = 0;
  virtual void zero(void* memory, std::size_t bytes) = 0;
  virtual void synchronize() = 0;
  virtual std::size_t free_memory() const = 0;  // bytes that can still be allocated

  // How the operation would be done; of the arguments only sizes are read.
  virtual Method method(const ForwardArgs<Real>& args) const = 0;
  virtual Method method(const OuterProductArgs<Real>& args) const = 0;

  virtual void encode(const EncodeArgs& args) = 0;
  virtual void dropout(const DropoutArgs& args) = 0;
  virtual void forward(const ForwardArgs<Real>& args) = 0;
  virtual void plasticity_factors(const PlasticityFactorArgs<Real>& args) = 0;
  virtual void readout(const ReadoutArgs<Real>& args) = 0;
  virtual void loss(const LossArgs<Real>& args) = 0;
  virtual void rate_penalty(const RatePenaltyArgs<Real>& args) = 0;
  virtual void local_signal(const LocalSignalArgs<Real>& args) = 0;
  virtual void adjoint(const AdjointArgs<Real>& args) = 0;
  virtual void phase_factor(const PhaseFactorArgs<Real>& args) = 0;
  virtual void readout_adjoint(const ReadoutAdjointArgs<Real>& args) = 0;
  virtual void sent_trace(const SentTraceArgs<Real>& args) = 0;
  virtual void outer_product(const OuterProductArgs<Real>& args) = 0;
  virtual void eligibility(const EligibilityArgs<Real>& args) = 0;
  virtual void apply(const ApplyArgs<Real>& args) = 0;
  virtual void mirror(const MirrorArgs<Real>& args) = 0;
  virtual void transpose(const TransposeArgs<Real>& args) = 0;
  // Sum of squares in double precision, in a fixed order. Waits.
  virtual double sum_of_squares(View<const Real> values) = 0;
  virtual void spike_digest(const SpikeDigestArgs& args) = 0;
};

}  // namespace spikeweave
