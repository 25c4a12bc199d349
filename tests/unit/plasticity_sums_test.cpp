// On random trains: what the rules' traces do equals a sum over pairs or triplets of spikes, enumerated from the
// definition of each pairing.

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/every_variant.hpp"
#include "tests/support/one_synapse.hpp"
#include "tests/support/random_values.hpp"

namespace spikeweave {
namespace {

using test::for_every_variant;
using test::run_synapse;

constexpr double dt = 0.5;  // [ms]
constexpr std::size_t active_steps = 400;

using Spikes = std::vector<long>;  // steps, ascending

struct Trains {
  std::vector<double> pre, post;
  Spikes pre_at, post_at;
};

// Random trains, then silence. Dense enough for many coincidences.
Trains random_trains(std::uint32_t stream, std::size_t silent_steps = 0) {
  Trains trains;
  for (const auto bit : test::random_bits(active_steps, 2 * stream, 0.15)) trains.pre.push_back(bit);
  for (const auto bit : test::random_bits(active_steps, 2 * stream + 1, 0.15)) trains.post.push_back(bit);
  for (std::size_t t = 0; t < active_steps; ++t) {
    if (trains.pre[t] != 0.0) trains.pre_at.push_back(static_cast<long>(t));
    if (trains.post[t] != 0.0) trains.post_at.push_back(static_cast<long>(t));
  }
  trains.pre.resize(active_steps + silent_steps, 0.0);
  trains.post.resize(active_steps + silent_steps, 0.0);
  return trains;
}

bool is_ltp(Coincidence c) {
  return c == Coincidence::ltp || c == Coincidence::both;
}
bool is_ltd(Coincidence c) {
  return c == Coincidence::ltd || c == Coincidence::both;
}

// The spikes of a train with low <= t < high.
Spikes between(const Spikes& spikes, long low, long high) {
  Spikes found;
  for (const long t : spikes) {
    if (t >= low && t < high) found.push_back(t);
  }
  return found;
}
// Before t, or up to t.
Spikes before(const Spikes& spikes, long t, bool inclusive) {
  return between(spikes, 0, inclusive ? t + 1 : t);
}
Spikes last_of(const Spikes& spikes) {
  return spikes.empty() ? Spikes{} : Spikes{spikes.back()};
}

struct Sum {
  double value = 0.0;
  double magnitude = 0.0;
  void add(double term) {
    value += term;
    magnitude += std::abs(term);
  }
};

double decay(long later, long earlier, double tau) {
  return std::exp(-double(later - earlier) * dt / tau);
}

// partners(t, is_potentiation): the other side's spikes that the spike at t pairs with.
template <class Params, class Partners>
Sum pair_sum(const Params& p, const Trains& trains, const Partners& partners) {
  Sum sum;
  for (const long t : trains.post_at) {
    for (const long pre : partners(t, true)) sum.add(p.a_plus * decay(t, pre, p.tau_plus));
  }
  for (const long t : trains.pre_at) {
    for (const long post : partners(t, false)) sum.add(-p.a_minus * decay(t, post, p.tau_minus));
  }
  return sum;
}

template <class Rule>
void expect_sum(const typename Rule::Params& params, const Trains& trains, const Sum& sum, const std::string& what) {
  const auto synapse = run_synapse<Rule>(params, trains.pre, trains.post, {}, -1e6, 1e6, dt);
  ASSERT_GT(sum.magnitude, 0.0) << what;
  EXPECT_NEAR(synapse.weight, sum.value, 1e-12 * sum.magnitude) << what;
}

template <class Params>
Params pair_settings() {
  Params params;
  params.a_plus = 0.7;
  params.a_minus = 0.4;
  params.tau_plus = 16.8;
  params.tau_minus = 33.7;
  return params;
}

TEST(PlasticitySum, PairStdpIsASumOverPairs) {
  for (const std::uint32_t stream : {1u, 2u, 3u}) {
    const Trains trains = random_trains(stream);
    for_every_variant(pair_settings<PairStdpParams>(), [&](const PairStdpParams& p, const std::string& variant) {
      const Sum sum = pair_sum(p, trains, [&](long t, bool potentiation) {
        const Spikes& others = potentiation ? trains.pre_at : trains.post_at;
        const Spikes earlier = before(others, t, potentiation ? is_ltp(p.coincidence) : is_ltd(p.coincidence));
        return p.pairing == Pairing::all_to_all ? earlier : last_of(earlier);
      });
      expect_sum<PairStdp<double>>(p, trains, sum, variant);
    });
  }
}

// Each event with the last post spike before it and the first one after it.
TEST(PlasticitySum, PresynapticCentredStdpPairsEachEventTwiceAtMost) {
  for (const std::uint32_t stream : {1u, 2u, 3u}) {
    const Trains trains = random_trains(stream);
    const auto settings = pair_settings<PresynapticCentredStdpParams>();
    for_every_variant(settings, [&](const PresynapticCentredStdpParams& p, const std::string& variant) {
      Sum sum;
      for (const long t : trains.pre_at) {
        std::optional<long> last;
        std::optional<long> first;
        for (const long post : trains.post_at) {
          if (post < t || (post == t && is_ltd(p.coincidence))) last = post;
          if (!first && (post > t || (post == t && is_ltp(p.coincidence)))) first = post;
        }
        if (last) sum.add(-p.a_minus * decay(t, *last, p.tau_minus));
        if (first) sum.add(p.a_plus * decay(*first, t, p.tau_plus));
      }
      expect_sum<PresynapticCentredStdp<double>>(p, trains, sum, variant);
    });
  }
}

// The last spike of the other side, if no own spike lies between. Own spikes in the partner's own step lie between if
// the two have paired there.
TEST(PlasticitySum, ReducedStdpPairsImmediateNeighbours) {
  for (const std::uint32_t stream : {1u, 2u, 3u}) {
    const Trains trains = random_trains(stream);
    for_every_variant(pair_settings<ReducedStdpParams>(), [&](const ReducedStdpParams& p, const std::string& variant) {
      const Sum sum = pair_sum(p, trains, [&](long t, bool potentiation) {
        const Spikes& others = potentiation ? trains.pre_at : trains.post_at;
        const Spikes& own = potentiation ? trains.post_at : trains.pre_at;
        const bool together = potentiation ? is_ltp(p.coincidence) : is_ltd(p.coincidence);
        const Spikes partner = last_of(before(others, t, together));
        if (partner.empty() || !between(own, together ? partner[0] : partner[0] + 1, t).empty()) return Spikes{};
        return partner;
      });
      expect_sum<ReducedStdp<double>>(p, trains, sum, variant);
    });
  }
}

// The same as an order of spikes: those of a step that pair come in that order, and a spike is used up by the other
// side's next one.
TEST(PlasticitySum, ReducedStdpUsesEachSpikeUp) {
  for (const Coincidence c : {Coincidence::ltp, Coincidence::ltd}) {
    auto p = pair_settings<ReducedStdpParams>();
    p.coincidence = c;
    const Trains trains = random_trains(4);
    Sum sum;
    Spikes pre;  // not used yet: none or one
    Spikes post;
    const auto on_pre = [&](long t) {
      for (const long s : post) sum.add(-p.a_minus * decay(t, s, p.tau_minus));
      post = {};
      pre = {t};
    };
    const auto on_post = [&](long t) {
      for (const long s : pre) sum.add(p.a_plus * decay(t, s, p.tau_plus));
      pre = {};
      post = {t};
    };
    for (std::size_t t = 0; t < active_steps; ++t) {
      const long step = static_cast<long>(t);
      if (c == Coincidence::ltp && trains.pre[t] != 0.0) on_pre(step);
      if (trains.post[t] != 0.0) on_post(step);
      if (c == Coincidence::ltd && trains.pre[t] != 0.0) on_pre(step);
    }
    expect_sum<ReducedStdp<double>>(p, trains, sum, c == Coincidence::ltp ? "ltp" : "ltd");
  }
}

TEST(PlasticitySum, TripletStdpIsASumOverPairsAndTriplets) {
  TripletStdpParams settings;  // every amplitude at work
  settings.a2_plus = 0.3;
  settings.a3_plus = 0.5;
  settings.a2_minus = 0.4;
  settings.a3_minus = 0.2;
  for (const std::uint32_t stream : {1u, 2u, 3u}) {
    const Trains trains = random_trains(stream);
    for_every_variant(settings, [&](const TripletStdpParams& p, const std::string& variant) {
      const auto seen = [&p](const Spikes& spikes) {
        return p.pairing == Pairing::all_to_all ? spikes : last_of(spikes);
      };
      Sum sum;
      for (const long t : trains.post_at) {
        for (const long pre : seen(before(trains.pre_at, t, is_ltp(p.coincidence)))) {
          const double r1 = decay(t, pre, p.tau_plus);
          sum.add(p.a2_plus * r1);
          for (const long u : seen(before(trains.post_at, t, false))) sum.add(p.a3_plus * r1 * decay(t, u, p.tau_y));
        }
      }
      for (const long t : trains.pre_at) {
        for (const long post : seen(before(trains.post_at, t, is_ltd(p.coincidence)))) {
          const double o1 = decay(t, post, p.tau_minus);
          sum.add(-p.a2_minus * o1);
          for (const long u : seen(before(trains.pre_at, t, false))) sum.add(-p.a3_minus * o1 * decay(t, u, p.tau_x));
        }
      }
      expect_sum<TripletStdp<double>>(p, trains, sum, variant);
    });
  }
}

// Bengio et al. 2015, section 5, in its own words: at most one of the two sides may have a spike.
TEST(PlasticitySum, WindowStdpIsASumOverEventsOutsideTheMargins) {
  WindowStdpParams settings;
  settings.window_steps = 6;
  for (std::uint32_t stream = 10; stream < 30; ++stream) {  // some have a lone spike near an end
    const Trains trains = random_trains(stream);
    for_every_variant(settings, [&](const WindowStdpParams& p, const std::string& variant) {
      const long n = p.window_steps;
      Sum sum;
      for (const long t : trains.pre_at) {
        const Spikes left = between(trains.post_at, t - n, t);
        const Spikes right = between(trains.post_at, t + 1, t + n + 1);
        if (t < n || t + n >= static_cast<long>(active_steps)) continue;
        if (!between(trains.post_at, t, t + 1).empty() || left.empty() == right.empty()) continue;
        const long d = right.empty() ? t - left.back() : right.front() - t;
        const double change = p.shape == WindowShape::exponential ? std::exp(-double(d) * dt / p.tau_window) : 1.0;
        sum.add(right.empty() ? -change : change);
      }
      expect_sum<WindowStdp<double>>(p, trains, sum, variant);
    });
  }
}

constexpr std::size_t until_settled = 4000;  // steps; 100 time constants of 20 ms

// The rule's own prediction and eligibility against pair STDP's two traces: not the same arithmetic.
TEST(PlasticitySum, PredictiveStdpIsPairStdp) {
  PredictiveStdpParams p;
  p.tau_m = 20.0;
  p.tau_prediction = 30.0;
  const double alpha = std::exp(-dt / p.tau_m);
  const double lambda = std::exp(-dt / p.tau_prediction);
  PairStdpParams pair;
  pair.tau_plus = p.tau_m;
  pair.tau_minus = p.tau_prediction;
  pair.a_plus = p.learning_rate * (1.0 - alpha) / (1.0 - alpha * lambda);
  pair.a_minus = p.learning_rate * (1.0 - lambda) / (1.0 - alpha * lambda) / lambda;
  pair.coincidence = Coincidence::ltp;
  for (const std::uint32_t stream : {1u, 2u, 3u}) {
    const Trains trains = random_trains(stream, until_settled);
    const Sum sum = pair_sum(pair, trains, [&](long t, bool potentiation) {
      return before(potentiation ? trains.pre_at : trains.post_at, t, potentiation);
    });
    expect_sum<PredictiveStdp<double>>(p, trains, sum, "sum over pairs");
    expect_sum<PairStdp<double>>(pair, trains, sum, "pair_stdp");
  }
}

// m[t+1] - m[t] = (1 - lambda)(z[t] - m[t]): the state derivative of the spike trace, driven by the eligibility trace
// of the events, is predictive STDP times 1 - lambda.
TEST(PlasticitySum, PredictiveStdpIsAStateDerivative) {
  PredictiveStdpParams predictive;
  StateDerivativeParams derivative;
  derivative.learning_rate = predictive.learning_rate;
  derivative.state = PostState::spike_trace;
  derivative.tau_state = predictive.tau_prediction;
  const Trains trains = random_trains(6, until_settled);
  std::vector<double> xbar;
  for (const double x : trains.pre) {
    xbar.push_back((xbar.empty() ? 0.0 : xbar.back() * std::exp(-dt / predictive.tau_m)) + x);
  }

  const auto a = run_synapse<PredictiveStdp<double>>(predictive, trains.pre, trains.post, {}, -1e3, 1e3, dt);
  const auto b = run_synapse<StateDerivative<double>>(derivative, xbar, trains.post, {}, -1e3, 1e3, dt);

  EXPECT_NEAR(b.weight, (1.0 - std::exp(-dt / derivative.tau_state)) * a.weight, 1e-12 * std::abs(a.weight));
  EXPECT_GT(std::abs(a.weight), 1e-3);
}

}  // namespace
}  // namespace spikeweave
