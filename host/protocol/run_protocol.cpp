#include "spikeweave/protocol/run_protocol.hpp"

#include <string>
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

// The change of the weight after the warm-up of one repeat.
template <class Rule>
WeightChange change_after(std::size_t warm_up, const typename Rule::Params& params, const SynapseSettings& settings,
                          const RandomTrains& trains) {
  SynapseUnderTest<Rule> synapse(params, settings);
  for (std::size_t t = 0; t < trains.pre.size(); ++t) {
    if (t == warm_up) synapse.restart(settings.start_weight());
    synapse.step(trains.pre[t] != 0, trains.post[t] != 0, settings.reward);
  }
  return {synapse.weight() - settings.start_weight(), synapse.met_bound(), true};
}

template <class Rule, class Protocol>
ProtocolResult run_random(const typename Rule::Params& params, const Protocol& protocol,
                          const SynapseSettings& synapse) {
  ProtocolResult result{{axis_of(protocol)}, {}, "weight/s"};
  ProtocolCurve curve{std::string(Protocol::name), {}, {}};
  const auto warm_up = static_cast<std::size_t>(steps_of(protocol.warm_up, synapse.dt));
  const double seconds = protocol.duration / 1000.0;
  for (std::size_t point = 0; point < result.axes[0].values.size(); ++point) {
    RunningMean mean;
    for (int n = 0; n < protocol.repeats; ++n) {
      const RandomTrains trains = random_trains(protocol, synapse.dt, point, static_cast<std::uint32_t>(n));
      const WeightChange one = change_after<Rule>(warm_up, params, synapse, trains);
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
        if constexpr (requires { protocol.repeats; }) {
          return run_random<Rule<double>>(params, protocol, settings.synapse);
        } else {
          return run_plan<Rule<double>>(params, protocol, settings.synapse);
        }
      });
    });
  });
}

}  // namespace spikeweave
