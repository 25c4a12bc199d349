#include "spikeweave/protocol/rate_sequences.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "host/config/text.hpp"
#include "spikeweave/core/error.hpp"
#include "spikeweave/core/random.hpp"
#include "spikeweave/core/sampling.hpp"

namespace spikeweave {
namespace {

using StateRule = StateDerivative<double>;
using WindowRule = WindowStdp<double>;

// Sums from which the correlation of two numbers follows.
struct Moments {
  double n = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;

  void add(double a, double b) { n += 1, x += a, y += b, xx += a * a, yy += b * b, xy += a * b; }
  void add(const Moments& m) { n += m.n, x += m.x, y += m.y, xx += m.xx, yy += m.yy, xy += m.xy; }
  double correlation() const {
    const double spread = (n * xx - x * x) * (n * yy - y * y);
    return spread > 0.0 ? (n * xy - x * y) / std::sqrt(spread) : 0.0;
  }
};

double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  Moments moments;
  for (std::size_t i = 0; i < a.size(); ++i) moments.add(a[i], b[i]);
  return moments.correlation();
}

StateDerivativeParams state_rule_params(const RateSequencesSettings& settings) {
  StateDerivativeParams params;
  params.learning_rate = 1.0;
  params.difference = settings.difference;
  return params;
}

// Post factors of the state rule: element t is made in step t, for what arrived in step t-1.
std::vector<double> state_factors(const StateRule::Constants& constants, const std::vector<double>& state) {
  StateRule::Post post;
  std::vector<double> factors;
  for (const double s : state) factors.push_back(StateRule::post_step(constants, post, {0.0, s}).at[0]);
  return factors;
}

// The spikes of one train: a pure function of (seed, sequence, side, train).
void draw_train(const RateSequencesSettings& settings, std::uint32_t sequence, std::uint32_t side, std::uint32_t train,
                const std::vector<std::uint64_t>& threshold, std::vector<std::uint8_t>& spikes) {
  const PhiloxKey key = random_key(settings.seed);
  for (std::size_t t = 0; t < threshold.size(); t += 4) {
    const PhiloxCounter words = philox4x32_10(
        random_counter(Purpose::input_spikes, 2 * sequence + side, static_cast<std::uint32_t>(t / 4), train, 0), key);
    for (std::size_t lane = 0; lane < 4 && t + lane < threshold.size(); ++lane) {
      spikes[t + lane] = word_of(words, static_cast<std::uint32_t>(lane)) < threshold[t + lane] ? 1 : 0;
    }
  }
}

std::vector<std::uint64_t> thresholds(const std::vector<double>& state, double largest_probability) {
  std::vector<std::uint64_t> all;
  for (const double s : state) all.push_back(bernoulli_threshold(static_cast<float>(largest_probability * s)));
  return all;
}

// Signed distance from step t to the nearest spike of a train that has spikes on one side only.
int distance_to_nearest(const std::vector<std::uint8_t>& train, std::size_t t, int most) {
  for (int d = 1; d <= most; ++d) {
    const auto step = static_cast<std::size_t>(d);
    if (train[t + step] != 0) return d;
    if (train[t - step] != 0) return -d;
  }
  return 0;
}

// What one sequence adds.
struct SequenceSums {
  std::vector<double> count, state_rule, window_rule;  // per distance
  std::vector<double> change;                          // per step away from the ends
  std::vector<double> window_mean;                     // likewise
  Moments spikes;
  std::uint64_t pre_spikes = 0, judged_spikes = 0;
};

std::size_t slot_of(int distance, int most) {
  return static_cast<std::size_t>(distance < 0 ? distance + most : distance + most - 1);
}

SequenceSums run_sequence(const RateSequencesSettings& settings, std::uint32_t sequence) {
  const int n = settings.window.window_steps;
  const auto margin = static_cast<std::size_t>(n);
  const auto steps = static_cast<std::size_t>(settings.steps);
  const std::vector<double> pre_state = rate_sequence(settings, sequence, 0);
  const std::vector<double> post_state = rate_sequence(settings, sequence, 1);
  const auto pre_threshold = thresholds(pre_state, settings.largest_probability);
  const auto post_threshold = thresholds(post_state, settings.largest_probability);
  const auto state_constants = StateRule::derive(state_rule_params(settings), 1.0);
  const auto window_constants = WindowRule::derive(settings.window, 1.0);
  const std::vector<double> factors = state_factors(state_constants, post_state);

  SequenceSums sums;
  sums.count.assign(2 * margin, 0.0);
  sums.state_rule = sums.window_rule = sums.count;
  std::vector<double> window_sum(steps, 0.0);
  std::vector<double> spike_count(steps, 0.0);
  std::vector<std::uint8_t> pre(steps), post(steps);
  std::vector<double> state_change(steps);
  for (std::uint32_t train = 0; train < static_cast<std::uint32_t>(settings.trains); ++train) {
    draw_train(settings, sequence, 0, train, pre_threshold, pre);
    draw_train(settings, sequence, 1, train, post_threshold, post);
    StateRule::Pre state_pre;
    for (std::size_t t = 0; t < steps; ++t) {
      const double arrived = StateRule::pre_step(state_constants, state_pre, pre[t]).at[0];
      if (t > 0) state_change[t - 1] = arrived * factors[t];
    }
    WindowRule::Pre window_pre;
    WindowRule::Post window_post;
    for (std::size_t now = 0; now < steps; ++now) {
      const double from = WindowRule::pre_step(window_constants, window_pre, pre[now]).at[0];
      const double spike = post[now];
      const double to = WindowRule::post_step(window_constants, window_post, {spike, spike}).at[0];
      if (now < 2 * margin || from == 0.0) continue;
      ++sums.pre_spikes;
      const std::size_t t = now - margin;  // when the event was sent
      sums.spikes.add(state_change[t], from * to);
      window_sum[t] += from * to;
      spike_count[t] += 1.0;
      if (to == 0.0) continue;
      const std::size_t slot = slot_of(distance_to_nearest(post, t, n), n);
      sums.count[slot] += 1.0;
      sums.state_rule[slot] += state_change[t];
      sums.window_rule[slot] += from * to;
      ++sums.judged_spikes;
    }
  }
  for (std::size_t t = margin; t + margin < steps; ++t) {
    sums.change.push_back(factors[t + 1]);
    sums.window_mean.push_back(spike_count[t] > 0.0 ? window_sum[t] / spike_count[t] : 0.0);
  }
  return sums;
}

void add_bins(const std::vector<double>& change, const std::vector<double>& window, std::size_t bins,
              RateSequencesResult& result) {
  std::vector<std::size_t> order(change.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return change[a] < change[b]; });
  for (std::size_t bin = 0; bin < bins; ++bin) {
    const std::size_t begin = bin * order.size() / bins;
    const std::size_t end = (bin + 1) * order.size() / bins;
    double x = 0.0, y = 0.0;
    for (std::size_t i = begin; i < end; ++i) x += change[order[i]], y += window[order[i]];
    const auto size = static_cast<double>(std::max<std::size_t>(end - begin, 1));
    result.bin_change.push_back(x / size);
    result.bin_window.push_back(y / size);
  }
}

// The first train of the first sequence, and the weight under the state rule, from 0.
void add_example(const RateSequencesSettings& settings, RateSequencesResult& result) {
  const auto steps = static_cast<std::size_t>(settings.steps);
  result.pre_state = rate_sequence(settings, 0, 0);
  result.post_state = rate_sequence(settings, 0, 1);
  result.pre_train.resize(steps);
  result.post_train.resize(steps);
  draw_train(settings, 0, 0, 0, thresholds(result.pre_state, settings.largest_probability), result.pre_train);
  draw_train(settings, 0, 1, 0, thresholds(result.post_state, settings.largest_probability), result.post_train);
  const auto constants = StateRule::derive(state_rule_params(settings), 1.0);
  const auto bounds = WeightBounds<double>::of(-1e9, 1e9);
  StateRule::Pre pre;
  StateRule::Post post;
  StateRule::Synapse synapse;
  for (std::size_t t = 0; t < steps; ++t) {
    const auto from = StateRule::pre_step(constants, pre, result.pre_train[t]);
    const auto to = StateRule::post_step(constants, post, {0.0, result.post_state[t]});
    StateRule::on_step(constants, bounds, synapse, from, to);
    result.weight.push_back(synapse.weight);
  }
}

}  // namespace

void RateSequencesSettings::validate(const std::string& place) const {
  const int needed = 2 * window.window_steps + 1;
  if (steps < needed) {
    throw InputError(place + "/steps", fmt::format("{} is shorter than the window; expected {} or more, 2 "
                                                   "window_steps + 1",
                                                   steps, needed));
  }
  if (static_cast<double>(bins) > static_cast<double>(sequences) * (steps - needed + 1)) {
    throw InputError(place + "/bins", fmt::format("{} is more than there are steps to fill them with", bins));
  }
}

std::vector<double> rate_sequence(const RateSequencesSettings& settings, std::uint32_t index, std::uint32_t side) {
  const RandomStream random(settings.seed, Purpose::task, 2 * index + side);
  const auto reach = static_cast<std::int64_t>(std::ceil(4.0 * settings.smoothing));
  std::vector<double> kernel;
  double square_sum = 0.0;
  for (std::int64_t k = -reach; k <= reach; ++k) {
    const double x = static_cast<double>(k) / settings.smoothing;
    kernel.push_back(std::exp(-0.5 * x * x));
    square_sum += kernel.back() * kernel.back();
  }
  const auto steps = static_cast<std::size_t>(settings.steps);
  std::vector<double> noise(steps + kernel.size() - 1);
  for (std::size_t t = 0; t < noise.size(); ++t) noise[t] = random.normal(t);
  std::vector<double> state(steps);
  for (std::size_t t = 0; t < steps; ++t) {
    const double sum =
        std::inner_product(kernel.begin(), kernel.end(), noise.begin() + static_cast<std::ptrdiff_t>(t), 0.0);
    state[t] = 1.0 / (1.0 + std::exp(-settings.gain * sum / std::sqrt(square_sum)));
  }
  return state;
}

RateSequencesResult run_rate_sequences(const RateSequencesSettings& settings) {
  const int n = settings.window.window_steps;
  std::vector<SequenceSums> all(static_cast<std::size_t>(settings.sequences));
#pragma omp parallel for schedule(dynamic)
  for (std::size_t s = 0; s < all.size(); ++s) all[s] = run_sequence(settings, static_cast<std::uint32_t>(s));

  RateSequencesResult result;
  result.count.assign(2 * static_cast<std::size_t>(n), 0.0);
  result.state_rule = result.window_rule = result.count;
  for (int d = -n; d <= n; ++d) {
    if (d != 0) result.distance.push_back(d);
  }
  Moments spikes;
  std::vector<double> change, window;
  for (const SequenceSums& one : all) {  // in order, whoever computed them
    for (std::size_t i = 0; i < result.count.size(); ++i) {
      result.count[i] += one.count[i];
      result.state_rule[i] += one.state_rule[i];
      result.window_rule[i] += one.window_rule[i];
    }
    change.insert(change.end(), one.change.begin(), one.change.end());
    window.insert(window.end(), one.window_mean.begin(), one.window_mean.end());
    spikes.add(one.spikes);
    result.pre_spikes += one.pre_spikes;
    result.judged_spikes += one.judged_spikes;
  }
  double largest = 0.0;
  for (std::size_t i = 0; i < result.count.size(); ++i) {
    if (result.count[i] > 0.0) result.state_rule[i] /= result.count[i], result.window_rule[i] /= result.count[i];
    largest = std::max(largest, std::abs(result.state_rule[i]));
    result.wrong_signs += result.state_rule[i] * result.distance[i] > 0.0 ? 0 : 1;
  }
  for (std::size_t i = 0; i < result.count.size() && largest > 0.0; ++i) {
    const double sum = result.state_rule[i] + result.state_rule[result.count.size() - 1 - i];
    result.antisymmetry_error = std::max(result.antisymmetry_error, std::abs(sum) / largest);
  }
  result.curve_correlation = correlation(result.state_rule, result.window_rule);
  add_bins(change, window, static_cast<std::size_t>(settings.bins), result);
  result.bin_correlation = correlation(result.bin_change, result.bin_window);
  result.step_correlation = correlation(change, window);
  result.spike_correlation = spikes.correlation();
  add_example(settings, result);
  return result;
}

}  // namespace spikeweave
