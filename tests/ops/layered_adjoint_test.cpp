// The backward recursion of bptt where no projection leads back: a backend may take one stretch of neurons after the
// other.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "ops/eprop_fixture.hpp"
#include "support/tolerance.hpp"

namespace spikeweave {
namespace {

using test::EpropCase;

constexpr std::size_t bptt_rule = 1;  // in GradientRules

struct Path {
  std::size_t pre_begin, pre_count, post_begin, post_count, delay;
  std::vector<float> backward;  // [pre_count, post_count]
};

struct LayeredCase {
  EpropCase eprop;
  std::vector<Path> recurrent, within_step;
  bool follows_reset = true;
};

Path path(std::size_t pre_begin, std::size_t pre_count, std::size_t post_begin, std::size_t post_count,
          std::size_t delay, std::uint32_t stream) {
  return {pre_begin,  pre_count, post_begin,
          post_count, delay,     test::random_floats(pre_count * post_count, stream, -0.2, 0.2)};
}

// 37 trials of up to 20 steps; stretches of 33, 110, 7 and 150 neurons, and projections from and to parts of them.
LayeredCase layers(bool is_full) {
  LayeredCase c;
  EpropCase& e = c.eprop;
  e.neurons = 300;
  e.outputs = 3;
  e.length.clear();
  for (std::int32_t b = 0; b < 37; ++b) e.length.push_back(b % 5 == 4 ? b % 3 : 20 - b % 4);
  const std::size_t rows = e.batch() * e.steps;
  for (std::size_t i = 0; i < rows; ++i) e.segment.push_back(i % 5 == 0 ? -1 : 0);
  e.error = test::random_floats(rows * e.outputs, 21);
  e.feedback = test::random_floats(e.outputs * e.neurons, 22);
  e.psi = test::random_floats(rows * e.neurons, 23, 0.0, 0.5);
  if (is_full) {
    e.rate_factor = test::random_floats(e.batch() * e.neurons, 24, -0.1, 0.1);
    e.local = test::random_floats(rows * e.neurons, 26, -0.1, 0.1);
    e.mask = test::random_bits(e.batch() * e.frames() * e.neurons, 25, 0.7);
    e.mask_scale = 1.0f / 0.7f;
  }
  c.recurrent = {path(0, 33, 33, 117, 1, 31), path(33, 110, 150, 150, 4, 32)};
  c.within_step = {path(33, 117, 150, 150, 0, 33), path(4, 29, 33, 110, 0, 34), path(0, 143, 143, 7, 0, 35)};
  return c;
}

class LayeredAdjoint : public test::OnBackendWithEprop {
 protected:
  // In windows of so many steps; or the first so many alone.
  std::vector<float> run(const LayeredCase& c, std::size_t window = 0, std::size_t only = 0) {
    const EpropCase& e = c.eprop;
    Memory m = put_case(e);
    m.in.rule = bptt_rule;
    std::vector<Buffer<float, float>> weights;
    const auto list_of = [&](const std::vector<Path>& paths) {
      ProjectionList<float> list;
      for (const Path& p : paths) {
        weights.push_back(put<float>(p.backward, {p.pre_count, p.post_count}));
        list.at[list.count++] = {.pre_begin = p.pre_begin,
                                 .pre_count = p.pre_count,
                                 .post_begin = p.post_begin,
                                 .post_count = p.post_count,
                                 .delay = p.delay,
                                 .backward = weights.back().data()};
      }
      return list;
    };
    AdjointArgs<float> args{.in = m.in,
                            .recurrent = list_of(c.recurrent),
                            .within_step = list_of(c.within_step),
                            .follows_reset = c.follows_reset,
                            .psi_to_factor = m.psi.view()};
    auto carried = poisoned<std::byte>({adjoint_bytes<float>(bptt_rule, e.batch() * e.neurons)});
    if (window == 0) {
      if (only > 0) args.window = {0, only};
      backend().adjoint(args);
      return m.psi.download();
    }
    args.carried = carried.data();
    for (std::size_t begin = (e.steps - 1) / window * window, end = e.steps; end > 0; end = begin, begin -= window) {
      args.window = {begin, end};
      backend().adjoint(args);
    }
    return m.psi.download();
  }
};
SW_ON_ALL_BACKENDS(LayeredAdjoint);

// The recursion in double precision, step by step, over all cells from the last to the first.
std::vector<double> plain_recursion(const LayeredCase& c) {
  const EpropCase& e = c.eprop;
  std::vector<double> factor(e.psi.size(), 0.0);
  const auto at = [&](std::size_t b, std::size_t t, std::size_t j) { return (b * e.steps + t) * e.neurons + j; };
  for (std::size_t b = 0; b < e.batch(); ++b) {
    const auto length = static_cast<std::size_t>(e.length[b]);
    std::vector<BpttAdjoint<double>> state(e.neurons);
    for (std::size_t t = length; t-- > 0;) {
      for (std::size_t j = e.neurons; j-- > 0;) {
        BpttSignal<double> signal{};
        for (std::size_t o = 0; e.segment[b * e.steps + t] >= 0 && o < e.outputs; ++o) {
          signal.filtered += e.readout.gain * static_cast<double>(e.feedback[o * e.neurons + j]) *
                             e.error[(b * e.steps + t) * e.outputs + o];
        }
        if (!e.rate_factor.empty()) signal.unfiltered += e.rate_factor[b * e.neurons + j];
        if (!e.local.empty()) signal.unfiltered += e.local[at(b, t, j)];
        const bool is_visible = e.mask.empty() || e.mask[(b * e.frames() + t / e.frame_steps) * e.neurons + j] != 0;
        signal.mask = is_visible ? static_cast<double>(e.mask_scale) : 0.0;
        signal.reset = c.follows_reset ? 1.0 : 0.0;
        for (const std::vector<Path>* paths : {&c.recurrent, &c.within_step}) {
          for (const Path& p : *paths) {
            if (j < p.pre_begin || j >= p.pre_begin + p.pre_count || t + p.delay >= length) continue;
            for (std::size_t k = 0; k < p.post_count; ++k) {
              signal.later += static_cast<double>(p.backward[(j - p.pre_begin) * p.post_count + k]) *
                              factor[at(b, t + p.delay, p.post_begin + k)];
            }
          }
        }
        const EligibilityConstants<float> k = test::constants_of(e, j);
        const EligibilityConstants<double> constants{k.alpha, k.zeta, k.rho, k.beta, k.reset};
        double& own = factor[at(b, t, j)];
        own = BpttAdjoint<double>::step(constants, e.readout.kappa, state[j], e.psi[at(b, t, j)], signal);
      }
    }
  }
  return factor;
}

TEST_P(LayeredAdjoint, IsThePlainRecursion) {
  for (const bool is_full : {false, true}) {
    LayeredCase c = layers(is_full);
    c.follows_reset = is_full;
    const std::vector<double> expected = plain_recursion(c);
    const std::vector<float> found = run(c);

    // Relative to the largest one of the stretch.
    const std::vector<std::size_t> begins{0, 33, 143, 150, 300};
    for (std::size_t s = 0; s + 1 < begins.size(); ++s) {
      double largest = 0.0, apart = 0.0;
      for (std::size_t n = 0; n < expected.size(); ++n) {
        const std::size_t j = n % c.eprop.neurons;
        if (j < begins[s] || j >= begins[s + 1]) continue;
        largest = std::max(largest, std::abs(expected[n]));
        apart = std::max(apart, std::abs(expected[n] - static_cast<double>(found[n])));
      }
      EXPECT_GT(largest, 0.1);
      EXPECT_LE(apart, test::recursion_tolerance(c.eprop.steps + 150) * largest) << "neurons from " << begins[s];
    }
    for (std::size_t n = 0; n < found.size(); ++n) {  // behind a trial's end
      const std::size_t row = n / c.eprop.neurons;
      if (static_cast<std::int32_t>(row % c.eprop.steps) < c.eprop.length[row / c.eprop.steps]) continue;
      ASSERT_EQ(found[n], 0.0f) << n;
    }
  }
}

TEST_P(LayeredAdjoint, HasTheSameBitsInWindowsAndWithLessRoom) {
  const LayeredCase c = layers(/*is_full=*/true);
  const std::vector<float> whole = run(c);
  for (const std::size_t window : {1u, 7u, 19u}) {
    EXPECT_EQ(run(c, window), whole) << "windows of " << window << " steps";
  }
  if (!is_device()) return;
  for (const std::size_t steps : {1u, 5u, 9u}) {
    use({.current_bytes = steps * c.eprop.batch() * c.eprop.neurons * sizeof(float)});
    EXPECT_EQ(run(c), whole) << "room for " << steps << " steps";
    EXPECT_EQ(run(c, 7), whole) << "room for " << steps << " steps, in windows";
  }
}

// Nothing comes from behind a window that is the only one; projections with a delay would read it.
TEST_P(LayeredAdjoint, StartsAtRestWhereThereIsOneWindow) {
  LayeredCase c = layers(/*is_full=*/true);
  c.recurrent.clear();
  constexpr std::size_t steps = 7;
  const std::vector<float> found = run(c, 0, steps);
  for (std::int32_t& length : c.eprop.length) length = std::min<std::int32_t>(length, steps);
  const std::vector<float> cut = run(c);
  for (std::size_t n = 0; n < found.size(); ++n) {
    if (n / c.eprop.neurons % c.eprop.steps >= steps) continue;
    ASSERT_EQ(found[n], cut[n]) << n;
  }
}

}  // namespace
}  // namespace spikeweave
