// Nearest-spike STDP that looks both ways: each event is judged by the closest post spike in a window around it.
//
// Source: Bengio, Mesnard, Fischer, Zhang & Wu (2015), arXiv:1509.05936, section 5, with N = window_steps. For an event
// at step t, post spikes in [t-N, t-1] and in [t+1, t+N]: none on either side, some on both sides, or one at t itself:
// no change. Otherwise, D the signed distance to the nearest: dW = sgn(D) amplitude exp(-|D| dt/tau_window), or without
// the exponential (shape `constant`). The source leaves the amplitude law open. The change is made at step t+N, when
// the window is known. Events within N steps of either end of a trial change nothing. Several events in one step count
// as one.
#pragma once

#include <cstdint>

#include "spikeweave/learning/plasticity.hpp"

namespace spikeweave {

enum class WindowShape { exponential, constant };
template <>
struct EnumNames<WindowShape> {
  static constexpr std::array<std::string_view, 2> names{"exponential", "constant"};
};

struct WindowStdpParams {
  static constexpr std::string_view name = "window_stdp";
  static constexpr std::string_view summary = "STDP with the one nearest post spike of a window around each event.";
  static constexpr std::string_view source = "Bengio et al. 2015, arXiv:1509.05936, section 5";

  double amplitude = 1.0;
  double tau_window = 7.0;
  int window_steps = 20;
  WindowShape shape = WindowShape::exponential;

  static constexpr auto fields() {
    using Self = WindowStdpParams;
    return std::tuple{
        field("amplitude", &Self::amplitude, "weight", any_value, "Change at D -> 0."),
        field("tau_window", &Self::tau_window, "ms", positive, "Time constant of the change over |D|."),
        field("window_steps", &Self::window_steps, "steps", closed(1, 31),
              "Largest |D|; the change comes this many steps after the event."),
        field("shape", &Self::shape, "Whether the change falls with |D|, or depends on the sign of D alone."),
    };
  }
};

template <class Real>
struct WindowStdp {
  using Value = Real;
  using Params = WindowStdpParams;
  using Synapse = PlainSynapse<Real>;
  static constexpr std::size_t term_count = 1;
  static constexpr bool is_event_driven = false;  // the change comes window_steps after the event
  static constexpr int max_window_steps = 31;     // 2 * 31 + 1 steps fit the 64 bits of a history

  struct Constants {
    Real amplitude[max_window_steps + 1];  // by |D|
    int window_steps;
  };
  // Of a presynaptic cell.
  struct Pre {
    std::uint64_t history = 0;
    static constexpr auto columns() {
      return std::tuple{column("pre_history", &Pre::history, "", "Bit n: an event n steps ago.")};
    }
  };
  // Of a postsynaptic neuron.
  struct Post {
    std::uint64_t history = 0;
    std::uint32_t known = 0;
    static constexpr auto columns() {
      return std::tuple{column("post_history", &Post::history, "", "Bit n: a spike n steps ago."),
                        column("known_steps", &Post::known, "steps", "Steps since the start; stops at 2 N + 1.")};
    }
  };

  // dt [ms]
  static Constants derive(const Params& p, double dt) {
    Constants k{};
    k.window_steps = p.window_steps;
    for (int n = 1; n <= p.window_steps; ++n) {
      const double fall = p.shape == WindowShape::exponential ? std::exp(-n * dt / p.tau_window) : 1.0;
      k.amplitude[n] = Real(p.amplitude * fall);
    }
    return k;
  }
  static bool is_bilinear(const Params&) { return true; }

  // The event of window_steps ago.
  SW_HD static Factors<Real, 1> pre_step(const Constants& k, Pre& s, Real event) {
    s.history = (s.history << 1) | (event > Real(0) ? 1u : 0u);
    return {{(s.history >> k.window_steps) & 1u ? Real(1) : Real(0)}};
  }
  // What an event of window_steps ago does.
  SW_HD static Factors<Real, 1> post_step(const Constants& k, Post& s, const PostActivity<Real>& in) {
    const int n = k.window_steps;
    const std::uint32_t whole = 2u * static_cast<std::uint32_t>(n) + 1u;
    s.history = (s.history << 1) | (in.spike > Real(0) ? 1u : 0u);
    if (s.known < whole) ++s.known;
    if (s.known < whole || ((s.history >> n) & 1u) != 0) return {{Real(0)}};
    int before = 0;  // |D| of the nearest spike before the event; 0: none
    int after = 0;
    for (int d = n; d >= 1; --d) {
      if (((s.history >> (n + d)) & 1u) != 0) before = d;
      if (((s.history >> (n - d)) & 1u) != 0) after = d;
    }
    if ((before == 0) == (after == 0)) return {{Real(0)}};
    return {{after != 0 ? k.amplitude[after] : -k.amplitude[before]}};
  }
  SW_HD static void on_step(const Constants&, const WeightBounds<Real>& bounds, Synapse& s, const Factors<Real, 1>& pre,
                            const Factors<Real, 1>& post) {
    s.weight = bounds.cut(s.weight + pre.at[0] * post.at[0]);
  }
};

}  // namespace spikeweave
