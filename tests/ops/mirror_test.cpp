// A phase of noise for feedback weights (spec section G1).

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "host/cpu/cpu_backend.hpp"
#include "spikeweave/backend/buffer.hpp"
#include "spikeweave/core/gaussian.hpp"
#include "spikeweave/network/connectivity.hpp"
#include "support/backends.hpp"
#include "support/random_values.hpp"

namespace spikeweave {
namespace {

class Mirror : public test::OnBackend {};
SW_ON_ALL_BACKENDS(Mirror);

float noise_of(const MirrorArgs<float>& args, std::size_t sample, std::size_t i) {
  const PhiloxCounter words = philox4x32_10(args.counter(sample, i), random_key(args.seed));
  return args.noise * standard_normal<float>(word_of(words, static_cast<std::uint32_t>(i % 4)));
}

// B beside the weights (bptt), or turned round (the outputs' own).
TEST_P(Mirror, OfADenseProjectionIsThePlainLoop) {
  for (const bool turned : {false, true}) {
    for (const auto& [pre, post] : std::vector<std::pair<std::size_t, std::size_t>>{{1, 1}, {33, 5}, {7, 130}}) {
      const std::vector<float> weights = test::random_floats(pre * post, 1, -1.0, 1.0);
      std::vector<float> expected = test::random_floats(pre * post, 2, -1.0, 1.0);
      Buffer<float, float> w(backend(), {pre, post}, "test"), b(backend(), {pre, post}, "test");
      w.upload(weights), b.upload(expected);
      MirrorArgs<float> args;
      args.projection = {0, pre, 0, post, w.data()};
      args.feedback.back = b.data();
      args.feedback.row_stride = turned ? 1 : post;
      args.feedback.column_stride = turned ? pre : 1;
      args.samples = 3, args.noise = 0.5f, args.rate = 0.1f, args.decay = 0.75f;
      args.seed = 9, args.stream = 2, args.phase = 4;

      backend().mirror(args);

      std::vector<float> received(3 * post, 0.0f);
      for (std::size_t s = 0; s < 3; ++s) {
        for (std::size_t j = 0; j < post; ++j) {
          for (std::size_t i = 0; i < pre; ++i) received[s * post + j] += noise_of(args, s, i) * weights[i * post + j];
        }
      }
      for (std::size_t i = 0; i < pre; ++i) {
        for (std::size_t j = 0; j < post; ++j) {
          float sum = 0.0f;
          for (std::size_t s = 0; s < 3; ++s) sum += noise_of(args, s, i) * received[s * post + j];
          float& back = expected[turned ? j * pre + i : i * post + j];
          back = 0.75f * back + 0.1f / 3.0f * sum;
        }
      }
      EXPECT_EQ(b.download(), expected) << pre << " x " << post;
    }
  }
}

// Every other pair of a dense one, whose other weights are 0.
TEST_P(Mirror, OfASparseProjectionIsThatOfItsSynapses) {
  ConnectivitySettings connectivity;
  connectivity.value = FixedProbability{0.5};
  const std::size_t pre = 12, post = 9;
  ConnectionDraw draw;
  draw.pre_count = pre, draw.post_count = post, draw.seed = 1;
  const Synapses synapses = draw_synapses(connectivity, 0.0, draw);
  const std::vector<float> weights = test::random_floats(synapses.count(), 1, -1.0, 1.0);
  std::vector<float> all(pre * post, 0.0f);
  for (std::size_t w = 0; w < weights.size(); ++w) all[synapses.source[w] * post + synapses.target[w]] = weights[w];
  const auto put = [&](const auto& values) {
    Buffer<std::uint32_t, float> buffer(backend(), {values.size()}, "test");
    buffer.upload(values);
    return buffer;
  };
  const auto source = put(synapses.source), target = put(synapses.target), start = put(synapses.column_start),
             synapse = put(synapses.column_synapse), column_source = put(synapses.column_source);
  SparseView view;
  view.source = source.cview(), view.target = target.cview(), view.column_start = start.cview();
  view.column_synapse = synapse.cview(), view.column_source = column_source.cview();
  Buffer<float, float> w(backend(), {weights.size()}, "test"), b(backend(), {weights.size()}, "test");
  Buffer<float, float> dense(backend(), {pre, post}, "test"), dense_back(backend(), {pre, post}, "test");
  w.upload(weights), b.upload(std::vector<float>(weights.size(), 0.5f));
  dense.upload(all), dense_back.upload(std::vector<float>(all.size(), 0.5f));
  MirrorArgs<float> args;
  args.samples = 4, args.noise = 1.0f, args.rate = 0.5f, args.decay = 0.5f;
  args.projection = {0, pre, 0, post, w.data(), 0, &view};
  args.feedback.back = b.data(), args.feedback.column_stride = 1;
  MirrorArgs<float> whole = args;
  whole.projection = {0, pre, 0, post, dense.data()};
  whole.feedback.back = dense_back.data(), whole.feedback.row_stride = post;

  backend().mirror(args);
  backend().mirror(whole);

  const std::vector<float> own = b.download(), expected = dense_back.download();
  for (std::size_t n = 0; n < own.size(); ++n) {
    EXPECT_NEAR(own[n], expected[synapses.source[n] * post + synapses.target[n]], 1e-6) << "synapse " << n;
  }
}

// G1: E[B] goes to (rate noise^2 / decay) W^T. 20 x 50, rate and decay 1e-3, noise .5, 4000 phases of one pattern: the
// scale is that of the mean, .25 (1 - .999^4000), and the angle that of its noise.
TEST(MirrorLaw, FeedbackGoesToAMultipleOfTheWeights) {
  const std::size_t pre = 20, post = 50;
  const auto cpu = make_cpu_backend<double>(1);
  std::vector<double> weights;
  const RandomStream draw(1, Purpose::task);
  for (std::size_t w = 0; w < pre * post; ++w) weights.push_back(draw.normal(w));
  Buffer<double, double> w(*cpu, {pre, post}, "test"), b(*cpu, {pre, post}, "test");
  w.upload(weights), b.upload(std::vector<double>(pre * post, 0.0));
  MirrorArgs<double> args;
  args.projection = {0, pre, 0, post, w.data()};
  args.feedback.back = b.data(), args.feedback.row_stride = post, args.feedback.column_stride = 1;
  args.noise = 0.5, args.rate = 1e-3, args.decay = 1.0 - 1e-3;
  for (args.phase = 0; args.phase < 4000; ++args.phase) cpu->mirror(args);

  const std::vector<double> back = b.download();
  double product = 0.0, weight = 0.0, squared = 0.0;
  for (std::size_t n = 0; n < back.size(); ++n) {
    product += back[n] * weights[n], weight += weights[n] * weights[n], squared += back[n] * back[n];
  }
  const double scale = 0.25 * (1.0 - std::pow(0.999, 4000.0));
  EXPECT_NEAR(product / weight, scale, 0.02 * scale);
  EXPECT_LT(std::acos(product / std::sqrt(weight * squared)) * 180.0 / std::numbers::pi, 10.0);
}

}  // namespace
}  // namespace spikeweave
