// What an experiment on one synapse does: the protocols of `spikeweave window`, and the synapse they act on.
//
// D = t_post - t_pre [ms], t_pre being the arrival at the synapse. Times are rounded to whole steps where they follow
// from a frequency, and must be whole steps where they are given.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "spikeweave/core/choice.hpp"
#include "spikeweave/core/field.hpp"
#include "spikeweave/learning/plasticity/all.hpp"

namespace spikeweave {

struct PairProtocol {
  static constexpr std::string_view name = "pair";
  static constexpr std::string_view summary = "Pairs of spikes D apart: the STDP window.";
  static constexpr std::string_view source = "Bi & Poo 1998; Markram et al. 1997";

  double from = -100.0;
  double to = 100.0;
  double step = 1.0;
  int pairs = 1;
  double frequency = 10.0;

  static constexpr auto fields() {
    using Self = PairProtocol;
    return std::tuple{
        field("from", &Self::from, "ms", any_value, "Smallest D."),
        field("to", &Self::to, "ms", any_value, "Largest D."),
        field("step", &Self::step, "ms", positive, "Distance of the values of D."),
        field("pairs", &Self::pairs, "pairs", closed(1, 1e6), "Pairs at each D."),
        field("frequency", &Self::frequency, "Hz", positive, "Pairs per second, if there are several."),
    };
  }
};

struct FrequencyProtocol {
  static constexpr std::string_view name = "frequency";
  static constexpr std::string_view summary = "Pairs at +D and at -D against their frequency.";
  static constexpr std::string_view source = "Sjostrom et al. 2001; Pfister & Gerstner 2006";

  double difference = 10.0;
  int pairs = 60;
  std::vector<double> frequencies{0.1, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0, 45.0, 50.0};

  static constexpr auto fields() {
    using Self = FrequencyProtocol;
    return std::tuple{
        field("difference", &Self::difference, "ms", positive, "D of one curve, and -D of the other."),
        field("pairs", &Self::pairs, "pairs", closed(1, 1e6), "Pairs at each frequency."),
        field("frequencies", &Self::frequencies, "Hz", positive, "Pairs per second, ascending."),
    };
  }
};

struct TripletProtocol {
  static constexpr std::string_view name = "triplet";
  static constexpr std::string_view summary = "pre-post-pre and post-pre-post, over the two intervals.";
  static constexpr std::string_view source = "Wang et al. 2005; Pfister & Gerstner 2006";

  double step = 5.0;
  double longest = 50.0;
  int triplets = 1;
  double frequency = 1.0;

  static constexpr auto fields() {
    using Self = TripletProtocol;
    return std::tuple{
        field("step", &Self::step, "ms", positive, "Both intervals run over step, 2 step, ... longest."),
        field("longest", &Self::longest, "ms", positive, "Longest interval between neighbouring spikes."),
        field("triplets", &Self::triplets, "triplets", closed(1, 1e6), "Triplets at each point."),
        field("frequency", &Self::frequency, "Hz", positive, "Triplets per second, if there are several."),
    };
  }
};

struct QuadrupletProtocol {
  static constexpr std::string_view name = "quadruplet";
  static constexpr std::string_view summary = "A post-pre pair and a pre-post pair, T apart.";
  static constexpr std::string_view source = "Wang et al. 2005; Pfister & Gerstner 2006";

  double difference = 5.0;
  double from = -100.0;
  double to = 100.0;
  double step = 1.0;
  int quadruplets = 1;
  double frequency = 1.0;

  static constexpr auto fields() {
    using Self = QuadrupletProtocol;
    return std::tuple{
        field("difference", &Self::difference, "ms", positive, "D of the pre-post pair, and -D of the post-pre pair."),
        field("from", &Self::from, "ms", any_value,
              "Smallest T: time from the post-pre pair to the pre-post pair; |T| <= difference is left out."),
        field("to", &Self::to, "ms", any_value, "Largest T."),
        field("step", &Self::step, "ms", positive, "Distance of the values of T."),
        field("quadruplets", &Self::quadruplets, "quadruplets", closed(1, 1e6), "Quadruplets at each T."),
        field("frequency", &Self::frequency, "Hz", positive, "Quadruplets per second, if there are several."),
    };
  }
};

struct PoissonProtocol {
  static constexpr std::string_view name = "poisson";
  static constexpr std::string_view summary =
      "Independent Poisson trains: mean change per second against the post rate.";
  static constexpr std::string_view source = "Izhikevich & Desai 2003; Pfister & Gerstner 2006";

  double pre_rate = 10.0;
  std::vector<double> post_rates{0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0, 45.0, 50.0};
  double warm_up = 1000.0;
  double duration = 10000.0;
  int repeats = 20;
  std::uint64_t seed = 1;

  static constexpr auto fields() {
    using Self = PoissonProtocol;
    return std::tuple{
        field("pre_rate", &Self::pre_rate, "Hz", non_negative, "Presynaptic rate."),
        field("post_rates", &Self::post_rates, "Hz", non_negative, "Postsynaptic rates, ascending."),
        field("warm_up", &Self::warm_up, "ms", non_negative,
              "Time before the measurement: the traces fill, and the weight is put back to its start afterwards."),
        field("duration", &Self::duration, "ms", positive, "Length of the measurement."),
        field("repeats", &Self::repeats, "repeats", closed(2, 1e6),
              "Repeats with other trains, for the standard error."),
        field("seed", &Self::seed, "", closed(0, 9007199254740991.0), "Seed of the trains."),
    };
  }
};

struct BurstPoissonProtocol {
  static constexpr std::string_view name = "burst_poisson";
  static constexpr std::string_view summary =
      "Independent trains of events that become bursts: mean change per second against the burst probability.";
  static constexpr std::string_view source = "Payeur et al. 2021, Nat. Neurosci. 24:1010-1019, Fig. 2 and Methods";

  double rate = 5.0;
  std::vector<double> burst_probabilities{0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45};
  double warm_up_probability = 0.2;
  double tau_event = 20.0;
  double burst_delay = 2.0;
  double burst_jitter = 10.0;
  double warm_up = 75000.0;
  double duration = 60000.0;
  int repeats = 20;
  std::uint64_t seed = 1;

  static constexpr auto fields() {
    using Self = BurstPoissonProtocol;
    return std::tuple{
        field("rate", &Self::rate, "Hz", positive, "Events of both sides, whatever the burst probability."),
        field("burst_probabilities", &Self::burst_probabilities, "", probability,
              "Share of the events of both sides that become bursts, ascending."),
        field("warm_up_probability", &Self::warm_up_probability, "", probability, "The same during the warm-up."),
        field("tau_event", &Self::tau_event, "ms", positive, "No event comes less than this after a spike."),
        field("burst_delay", &Self::burst_delay, "ms", positive, "Shortest time from an event to its second spike."),
        field("burst_jitter", &Self::burst_jitter, "ms", non_negative, "Uniform time on top of it."),
        field("warm_up", &Self::warm_up, "ms", non_negative,
              "Time before the measurement: running averages settle, and the weight is put back to its start "
              "afterwards."),
        field("duration", &Self::duration, "ms", positive, "Length of the measurement."),
        field("repeats", &Self::repeats, "repeats", closed(2, 1e6),
              "Repeats with other trains, for the standard error."),
        field("seed", &Self::seed, "", closed(0, 9007199254740991.0), "Seed of the trains."),
    };
  }

  // Mean time that a side is ready before an event comes, so that events come at `rate` [ms]; p: burst probability.
  double waiting_time(double p) const { return 1000.0 / rate - tau_event - p * (burst_delay + 0.5 * burst_jitter); }
};

using ProtocolSettings = Choice<"type", PairProtocol, FrequencyProtocol, TripletProtocol, QuadrupletProtocol,
                                PoissonProtocol, BurstPoissonProtocol>;

// A rule that is not at rest by then acts in silence; an eligibility of 1 s is below 1e-40 of its start. [ms]
inline constexpr double longest_settling = 100000.0;

// The synapse under test.
struct SynapseSettings {
  double dt = 1.0;
  double low = 0.0;
  double high = 1.0;
  double start = 0.5;
  double settle = 200.0;
  double reward = 1.0;
  double reward_delay = 0.0;

  static constexpr auto fields() {
    using Self = SynapseSettings;
    return std::tuple{
        field("dt", &Self::dt, "ms", positive, "Length of a time step."),
        field("low", &Self::low, "Lower bound of the weight."),
        field("high", &Self::high, "Upper bound of the weight."),
        field("start", &Self::start, "", probability, "Weight at the start, as a share of the way from low to high."),
        field("settle", &Self::settle, "ms", positive,
              "Silence before the first spike; after the last one the weight must have stood still for as long."),
        field("reward", &Self::reward,
              "Reward after the last spike, of rules that wait for one; poisson: the "
              "modulator, held at this value."),
        field("reward_delay", &Self::reward_delay, "ms", non_negative, "Time from the last spike to the reward."),
    };
  }

  double start_weight() const { return low + start * (high - low); }
};

template <class... Params>
using RuleChoice = Choice<"rule", Params...>;
// Like the "learning" object of an experiment: {"rule": "pair_stdp", "a_plus": 0.01}.
using PlasticitySettings = PlasticityRules::Params<RuleChoice>;

// The whole of a `spikeweave window`.
struct WindowSettings {
  PlasticitySettings rule{};
  ProtocolSettings protocol{};
  SynapseSettings synapse{};

  static constexpr auto fields() {
    using Self = WindowSettings;
    return std::tuple{
        field("rule", &Self::rule, "Plasticity rule."),
        field("protocol", &Self::protocol, "Spike trains on both sides of the synapse."),
        field("synapse", &Self::synapse, "The synapse under test."),
    };
  }
  // Times are whole steps, ranges ascend, at most one spike per step, bounds ordered. place: JSON pointer.
  void validate(const std::string& place) const;
};

}  // namespace spikeweave
