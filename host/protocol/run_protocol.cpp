#include "spikeweave/protocol/run_protocol.hpp"

#include <cmath>
#include <concepts>
#include <utility>

#include "host/protocol/running_mean.hpp"
#include "spikeweave/protocol/synapse_under_test.hpp"

namespace spikeweave {
namespace {

template <class Rule, class Protocol>
ProtocolResult run_plan(const typename Rule::Params& params, const Protocol& protocol, const SynapseSettings& synapse) {
  const TrainPlan plan = plan_trains(protocol, synapse.dt);
  ProtocolResult result{plan.axes, {}, "weight"};
  for (const TrainCurve& train : plan.curves) {
    ProtocolCurve curve{train.name, {}, {}};
    for (const SpikeSteps& spikes : train.points) {
      const WeightChange change = change_by<Rule>(params, synapse, spikes);
      curve.change.push_back(change.change);
      result.met_bound += change.met_bound ? 1 : 0;
      result.unsettled += change.settled ? 0 : 1;
      ++result.run_count;
    }
    result.curves.push_back(std::move(curve));
  }
  return result;
}

// The change of the weight over `duration` of one repeat; rate_index and repeat choose the trains.
template <class Rule>
WeightChange poisson_change(const typename Rule::Params& params, const PoissonProtocol& protocol,
                            const SynapseSettings& settings, std::size_t rate_index, std::uint32_t repeat) {
  const auto warm_up = static_cast<std::size_t>(std::llround(protocol.warm_up / settings.dt));
  const std::size_t steps = warm_up + static_cast<std::size_t>(std::llround(protocol.duration / settings.dt));
  const auto stream = static_cast<std::uint32_t>(2 * rate_index);
  const auto pre = poisson_train(protocol.pre_rate, settings.dt, steps, protocol.seed, stream, repeat);
  const auto post =
      poisson_train(protocol.post_rates[rate_index], settings.dt, steps, protocol.seed, stream + 1, repeat);

  SynapseUnderTest<Rule> synapse(params, settings);
  for (std::size_t t = 0; t < steps; ++t) {
    if (t == warm_up) synapse.set_weight(settings.start_weight());
    synapse.step(pre[t] != 0, post[t] != 0, settings.reward);
  }
  return {synapse.weight() - settings.start_weight(), synapse.met_bound(), true};
}

template <class Rule>
ProtocolResult run_poisson(const typename Rule::Params& params, const PoissonProtocol& protocol,
                           const SynapseSettings& synapse) {
  ProtocolResult result{{{"post_rate", "postsynaptic rate", "Hz", protocol.post_rates}}, {}, "weight/s"};
  ProtocolCurve curve{"poisson", {}, {}};
  const double seconds = protocol.duration / 1000.0;
  for (std::size_t rate = 0; rate < protocol.post_rates.size(); ++rate) {
    RunningMean mean;
    for (int n = 0; n < protocol.repeats; ++n) {
      const WeightChange one = poisson_change<Rule>(params, protocol, synapse, rate, static_cast<std::uint32_t>(n));
      mean.add(one.change / seconds);
      result.met_bound += one.met_bound ? 1 : 0;
      ++result.run_count;
    }
    curve.change.push_back(mean.mean());
    curve.error.push_back(mean.standard_error());
  }
  result.curves.push_back(std::move(curve));
  return result;
}

}  // namespace

ProtocolResult run_protocol(const WindowSettings& settings) {
  return settings.rule.visit([&]<class Params>(const Params& params) {
    return PlasticityRules::visit(params, [&]<template <class> class Rule>() {
      return settings.protocol.visit([&]<class Protocol>(const Protocol& protocol) {
        if constexpr (std::same_as<Protocol, PoissonProtocol>) {
          return run_poisson<Rule<double>>(params, protocol, settings.synapse);
        } else {
          return run_plan<Rule<double>>(params, protocol, settings.synapse);
        }
      });
    });
  });
}

}  // namespace spikeweave
