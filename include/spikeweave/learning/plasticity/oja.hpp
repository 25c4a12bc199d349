// Oja's rule: Hebb's product, with a decay that keeps the weights of a neuron at length 1.
//
// Source: Oja (1982), J. Math. Biol. 15:267-273, eq. 3. y: what the post neuron sends, x: what arrives in the same
// step.
//   dW = learning_rate y (x - y W)
// For a linear unit and inputs of mean 0 the weights go to the first principal component of the inputs.
#pragma once

#include "spikeweave/learning/plasticity.hpp"

namespace spikeweave {

struct OjaParams {
  static constexpr std::string_view name = "oja";
  static constexpr std::string_view summary = "Hebb's product with a decay by the squared post rate.";
  static constexpr std::string_view source = "Oja 1982, J. Math. Biol. 15:267-273, eq. 3";

  double learning_rate = 0.002;

  static constexpr auto fields() {
    return std::tuple{field("learning_rate", &OjaParams::learning_rate, "weight", any_value,
                            "Change at x = y = 1 of a weight of 0.")};
  }
};

template <class Real>
struct Oja {
  using Value = Real;
  using Params = OjaParams;
  using Synapse = PlainSynapse<Real>;
  static constexpr std::size_t term_count = 1;
  static constexpr bool is_event_driven = false;
  static constexpr bool is_heterosynaptic = true;  // a post spike also changes synapses at which nothing has arrived

  struct Constants {
    Real learning_rate;
  };
  struct Pre {
    static constexpr auto columns() { return std::tuple{}; }
  };
  struct Post {
    static constexpr auto columns() { return std::tuple{}; }
  };

  static Constants derive(const Params& p, double /*dt*/) { return {Real(p.learning_rate)}; }
  static bool is_bilinear(const Params&) { return false; }
  static bool reads_rates(const Params&) { return true; }

  SW_HD static Factors<Real, 1> pre_step(const Constants&, Pre&, Real event) { return {{event}}; }
  SW_HD static Factors<Real, 2> post_step(const Constants& k, Post&, const PostActivity<Real>& in) {
    return {{k.learning_rate * in.output, k.learning_rate * in.output * in.output}};
  }
  SW_HD static void on_step(const Constants&, const WeightBounds<Real>& bounds, Synapse& s, const Factors<Real, 1>& pre,
                            const Factors<Real, 2>& post) {
    s.weight = bounds.cut(s.weight + (pre.at[0] * post.at[0] - post.at[1] * s.weight));
  }
};

}  // namespace spikeweave
