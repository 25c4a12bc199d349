// Changes of a projection's weights while a trial runs.
#pragma once

#include <memory>

#include "host/cpu/spike_lists.hpp"
#include "spikeweave/ops/forward.hpp"

namespace spikeweave::cpu {

// What happened up to a step, in the index spaces of the whole network.
template <class Real>
struct StepActivity {
  std::int64_t t = 0;                    // step of the pass
  const std::uint8_t* input = nullptr;   // [inputs]  events of the step; nullptr where the input is values
  const std::uint8_t* spikes = nullptr;  // [neurons]  of the step
  const Real* outputs = nullptr;         // [neurons]  of the step; nullptr: they are the spikes
  const SpikeLists<Real>* input_lists = nullptr;
  const SpikeLists<Real>* spike_lists = nullptr;  // this step included
  const SpikeLists<Real>* sent_lists = nullptr;   // of the outputs, or the same as spike_lists
};

template <class Real>
class OnlineRule {
 public:
  virtual ~OnlineRule() = default;
  // values: [inputs] of the step, where the input is values.
  virtual void step(const StepActivity<Real>& activity, const Real* values) = 0;
};

// args must outlive the rule. Clears the states unless the pass continues.
template <class Real>
std::unique_ptr<OnlineRule<Real>> make_online_rule(const ForwardArgs<Real>& args, const OnlinePlasticity<Real>& of);

}  // namespace spikeweave::cpu
