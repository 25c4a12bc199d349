// Per step: the cells' recursions on vector registers, then the synapses that have an event: rows of arriving events,
// then columns of post spikes. A dense projection visits the columns row by row, so that memory is read in order.
#include "host/cpu/online_plasticity.hpp"

#include <algorithm>
#include <vector>

#include "host/cpu/propagation.hpp"

namespace spikeweave::cpu {
namespace {

// The factors of all cells of one side in the last steps.
template <class Real, std::size_t factor_count>
struct FactorRing {
  Real* memory;
  std::size_t steps, cells;

  Real* row(std::int64_t step) const {
    const auto size = static_cast<std::int64_t>(steps);
    return memory + static_cast<std::size_t>((step % size + size) % size) * factor_count * cells;
  }
  Factors<Real, factor_count> at(const Real* row, std::size_t cell) const {
    Factors<Real, factor_count> f;
    for (std::size_t k = 0; k < factor_count; ++k) f.at[k] = row[k * cells + cell];
    return f;
  }
  void store(Real* row, std::size_t cell, const Factors<Real, factor_count>& f) const {
    for (std::size_t k = 0; k < factor_count; ++k) row[k * cells + cell] = f.at[k];
  }
};

template <template <class> class RuleOf, class Real>
class RuleStepper final : public OnlineRule<Real> {
  using Rule = RuleOf<Real>;
  using PreFactors = Factors<Real, pre_factor_count<Rule>>;
  using PostFactors = Factors<Real, post_factor_count<Rule>>;

 public:
  RuleStepper(const ForwardArgs<Real>& args, const OnlinePlasticity<Real>& of, const typename Rule::Params& params)
      : args_(args),
        of_(of),
        view_(of.kind == ProjectionKind::input ? args.input.at[of.index] : args.recurrent.at[of.index]),
        constants_(Rule::derive(params, of.dt)),
        bounds_(WeightBounds<Real>::of(of.low, of.high)),
        pre_(place_columns<typename Rule::Pre>(of.pre_states, view_.pre_count)),
        post_(place_columns<typename Rule::Post>(of.post_states, view_.post_count)),
        pre_ring_{of.pre_factors, of.ring_steps, view_.pre_count},
        post_ring_{of.post_factors, of.ring_steps, view_.post_count} {
    const std::size_t synapses = view_.synapse_count();
    synapses_.pointers.head = of.weights;
    if constexpr (column_count < typename Rule::Synapse >> 1) {
      detail::place_columns(synapses_.pointers.tail, of.memory, synapses);
    }
    if constexpr (requires { Rule::sweep_steps(params, of.dt); }) sweep_steps_ = Rule::sweep_steps(params, of.dt);
    if (!args.continues) clear(synapses);
  }

  void step(const StepActivity<Real>& now, const Real* values) override {
    const std::int64_t t = static_cast<std::int64_t>(args_.first_step) + now.t;
    update_cells(now, values, t);
    if constexpr (Rule::is_event_driven) {
      if (of_.form == PlasticityForm::step) {
        visit_all(
            [&](auto& s, const auto& pre, const auto& post, bool has_event, bool has_spike) {
              if (has_event) Rule::on_pre(constants_, bounds_, s, pre, post);
              if (has_spike) Rule::on_post(constants_, bounds_, s, pre, post);
            },
            now, values, t);
      } else {
        arrive(now, values, t);
        fire(now, t);
      }
    } else {
      visit_all([&](auto& s, const auto& pre, const auto& post, bool,
                    bool) { Rule::on_step(constants_, bounds_, s, pre, post); },
                now, values, t);
    }
    sweep(now.t, t);
  }

 private:
  void clear(std::size_t synapse_count) {
    for (std::size_t i = 0; i < view_.pre_count; ++i) pre_.store(i, typename Rule::Pre{});
    for (std::size_t j = 0; j < view_.post_count; ++j) post_.store(j, typename Rule::Post{});
    std::fill_n(pre_ring_.memory, of_.ring_steps * pre_factor_count<Rule> * view_.pre_count, Real(0));
    std::fill_n(post_ring_.memory, of_.ring_steps * post_factor_count<Rule> * view_.post_count, Real(0));
    if constexpr (column_count < typename Rule::Synapse >> 1) {
      for (std::size_t w = 0; w < synapse_count; ++w) {
        typename Rule::Synapse s{};
        s.weight = synapses_.load(w).weight;
        synapses_.store(w, s);
      }
    }
  }

  std::size_t shift_of(std::size_t delay) const { return delay - of_.dendritic_delay; }
  bool is_self(std::size_t i, std::size_t j) const {
    return of_.has_diagonal && view_.pre_begin + i == view_.post_begin + j;
  }

  void update_cells(const StepActivity<Real>& now, const Real* values, std::int64_t t) {
    Real* const from = pre_ring_.row(t);
    const auto constants = constants_;
    if (of_.kind == ProjectionKind::input && values != nullptr) {
#pragma GCC ivdep
      for (std::size_t i = 0; i < view_.pre_count; ++i) step_pre(constants, from, i, values[view_.pre_begin + i]);
    } else if (of_.kind == ProjectionKind::recurrent && now.outputs != nullptr) {
      const Real* const own = now.outputs + view_.pre_begin;
#pragma GCC ivdep
      for (std::size_t i = 0; i < view_.pre_count; ++i) step_pre(constants, from, i, own[i]);
    } else {
      const std::uint8_t* const own = (of_.kind == ProjectionKind::input ? now.input : now.spikes) + view_.pre_begin;
#pragma GCC ivdep
      for (std::size_t i = 0; i < view_.pre_count; ++i) step_pre(constants, from, i, static_cast<Real>(own[i]));
    }
    Real* const to = post_ring_.row(t);
    const std::uint8_t* const spikes = now.spikes + view_.post_begin;
    const Real* const outputs = now.outputs != nullptr ? now.outputs + view_.post_begin : nullptr;
    const Real weight = of_.weight[static_cast<std::size_t>(now.t)];
#pragma GCC ivdep
    for (std::size_t j = 0; j < view_.post_count; ++j) {
      typename Rule::Post s = post_.load(j);
      const auto spike = static_cast<Real>(spikes[j]);
      post_ring_.store(to, j, Rule::post_step(constants, s, {spike, outputs != nullptr ? outputs[j] : spike, weight}));
      post_.store(j, s);
    }
  }
  void step_pre(const typename Rule::Constants& constants, Real* row, std::size_t i, Real event) {
    typename Rule::Pre s = pre_.load(i);
    pre_ring_.store(row, i, Rule::pre_step(constants, s, event));
    pre_.store(i, s);
  }

  // Calls visit(i) for the pre cells whose event was sent `shift` steps ago.
  template <class Visitor>
  void for_each_event(const StepActivity<Real>& now, const Real* values, std::size_t shift, Visitor&& visit) const {
    if (of_.kind == ProjectionKind::input && values != nullptr) {
      const std::int64_t sent = now.t - static_cast<std::int64_t>(shift);
      if (sent < 0) return;
      const Real* const row = args_.values.row(0, static_cast<std::size_t>(sent) / args_.frame_steps);
      for_each_active(row + view_.pre_begin, 0, view_.pre_count, visit);
      return;
    }
    const SpikeLists<Real>& lists = of_.kind == ProjectionKind::input ? *now.input_lists : *now.sent_lists;
    for (const std::size_t cell : lists.at(now.t - static_cast<std::int64_t>(shift))) {
      const std::size_t i = cell - view_.pre_begin;  // wraps below pre_begin
      if (i < view_.pre_count) visit(i);
    }
  }

  void arrive(const StepActivity<Real>& now, const Real* values, std::int64_t t) {
    const Real* const to = post_ring_.row(t - static_cast<std::int64_t>(of_.dendritic_delay));
    if constexpr (requires(typename Rule::Synapse & s, PreFactors f, PostFactors g) {
                    Rule::on_pre(constants_, bounds_, s, f, g);
                  }) {
      for (std::size_t c = 0; c < view_.class_count(); ++c) {
        const std::size_t shift = shift_of(view_.delay_of(c));
        const Real* const from = pre_ring_.row(t - static_cast<std::int64_t>(shift));
        if (view_.sparse == nullptr) {
          for_each_event(now, values, shift, [&](std::size_t i) { arrive_dense(i, from, to); });
        } else {
          for_each_event(now, values, shift, [&](std::size_t i) { arrive_sparse(c, i, from, to); });
        }
      }
    }
  }
  void arrive_dense(std::size_t i, const Real* from, const Real* to) {
    const PreFactors pre = pre_ring_.at(from, i);
    const auto constants = constants_;
    const auto bounds = bounds_;
    const auto synapses = synapses_;
    const std::size_t first = i * view_.post_count;
    const std::size_t self = of_.has_diagonal ? view_.pre_begin + i - view_.post_begin : view_.post_count;
    const auto run = [&](std::size_t begin, std::size_t end) {
#pragma GCC ivdep
      for (std::size_t j = begin; j < end; ++j) {
        typename Rule::Synapse s = synapses.load(first + j);
        Rule::on_pre(constants, bounds, s, pre, post_ring_.at(to, j));
        synapses.store(first + j, s);
      }
    };
    run(0, std::min(self, view_.post_count));
    if (self < view_.post_count) run(self + 1, view_.post_count);
  }
  void arrive_sparse(std::size_t c, std::size_t i, const Real* from, const Real* to) {
    const PreFactors pre = pre_ring_.at(from, i);
    const auto constants = constants_;
    const auto bounds = bounds_;
    const auto synapses = synapses_;
    const auto ring = post_ring_;
    const std::uint32_t* const target = view_.sparse->target.data;
    visit_row(*view_.sparse, view_.pre_count, c, i, [&](std::uint32_t begin, std::uint32_t end) {
#pragma GCC ivdep
      for (std::uint32_t w = begin; w < end; ++w) {
        typename Rule::Synapse s = synapses.load(w);
        Rule::on_pre(constants, bounds, s, pre, ring.at(to, target[w]));
        synapses.store(w, s);
      }
    });
  }

  void fire(const StepActivity<Real>& now, std::int64_t t) {
    const auto dendritic = static_cast<std::int64_t>(of_.dendritic_delay);
    const Real* const to = post_ring_.row(t - dendritic);
    fired_.clear();
    for (const std::size_t cell : now.spike_lists->at(now.t - dendritic)) {
      const std::size_t j = cell - view_.post_begin;
      if (j < view_.post_count) fired_.push_back(static_cast<std::uint32_t>(j));
    }
    if (fired_.empty()) return;
    if (view_.sparse != nullptr) {
      for (const std::size_t j : fired_) fire_sparse(j, t, to);
    } else {
      fire_dense(t, to);
    }
  }
  void fire_dense(std::int64_t t, const Real* to) {
    const Real* const from = pre_ring_.row(t - static_cast<std::int64_t>(shift_of(view_.delay)));
    for (std::size_t i = 0; i < view_.pre_count; ++i) {
      const PreFactors pre = pre_ring_.at(from, i);
      for (const std::size_t j : fired_) {
        if (is_self(i, j)) continue;
        typename Rule::Synapse s = synapses_.load(i * view_.post_count + j);
        Rule::on_post(constants_, bounds_, s, pre, post_ring_.at(to, j));
        synapses_.store(i * view_.post_count + j, s);
      }
    }
  }
  static constexpr std::uint32_t ahead = 24;  // synapses; 16 to 32 are alike on an AMD EPYC
  void fire_sparse(std::size_t j, std::int64_t t, const Real* to) {
    const SparseView& sparse = *view_.sparse;
    const PostFactors post = post_ring_.at(to, j);
    const auto constants = constants_;
    const auto bounds = bounds_;
    const auto synapses = synapses_;
    const auto ring = pre_ring_;
    const std::uint32_t* const synapse = sparse.column_synapse.data;
    const std::uint32_t* const source = sparse.column_source.data;
    std::uint32_t k = sparse.column_start[j];
    const std::uint32_t end = sparse.column_start[j + 1];
    while (k < end) {  // stretches of one delay
      const std::uint32_t delay = sparse.column_delay[k];
      const Real* const from = ring.row(t - static_cast<std::int64_t>(shift_of(delay)));
      std::uint32_t stretch_end = end;
      if (sparse.class_count > 1) {
        stretch_end = k;
        while (stretch_end < end && sparse.column_delay[stretch_end] == delay) ++stretch_end;
      }
#pragma GCC ivdep
      for (std::uint32_t n = k; n < stretch_end; ++n) {
        // The weights of a column lie rows apart, each in a cache line of its own.
        __builtin_prefetch(synapses.pointers.head + synapse[std::min(n + ahead, end - 1)], 1);
        typename Rule::Synapse s = synapses.load(synapse[n]);
        Rule::on_post(constants, bounds, s, ring.at(from, source[n]), post);
        synapses.store(synapse[n], s);
      }
      k = stretch_end;
    }
  }

  // Calls update(synapse, pre factors, post factors, whether an event arrived, whether the post neuron fired) for every
  // synapse.
  template <class Update>
  void visit_all(const Update& update, const StepActivity<Real>& now, const Real* values, std::int64_t t) {
    const auto dendritic = static_cast<std::int64_t>(of_.dendritic_delay);
    const Real* const to = post_ring_.row(t - dendritic);
    std::vector<std::uint8_t> fired(view_.post_count, 0);
    for (const std::size_t cell : now.spike_lists->at(now.t - dendritic)) {
      if (cell - view_.post_begin < view_.post_count) fired[cell - view_.post_begin] = 1;
    }
    const std::size_t classes = view_.class_count();
    for (std::size_t c = 0; c < classes; ++c) {
      const std::size_t shift = shift_of(view_.delay_of(c));
      const Real* const from = pre_ring_.row(t - static_cast<std::int64_t>(shift));
      std::vector<std::uint8_t> arrived(view_.pre_count, 0);
      for_each_event(now, values, shift, [&](std::size_t i) { arrived[i] = 1; });
      for (std::size_t i = 0; i < view_.pre_count; ++i) {
        const PreFactors pre = pre_ring_.at(from, i);
        const auto visit = [&](std::size_t w, std::size_t j) {
          typename Rule::Synapse s = synapses_.load(w);
          update(s, pre, post_ring_.at(to, j), arrived[i] != 0, fired[j] != 0);
          synapses_.store(w, s);
        };
        if (view_.sparse != nullptr) {
          visit_row(*view_.sparse, view_.pre_count, c, i, [&](std::uint32_t begin, std::uint32_t end) {
            for (std::uint32_t w = begin; w < end; ++w) visit(w, view_.sparse->target[w]);
          });
        } else {
          for (std::size_t j = 0; j < view_.post_count; ++j) {
            if (!is_self(i, j)) visit(i * view_.post_count + j, j);
          }
        }
      }
    }
  }

  void sweep(std::int64_t step, std::int64_t t) {
    if constexpr (requires(typename Rule::Synapse & s) { Rule::sweep(constants_, bounds_, s, Real(0)); }) {
      if ((static_cast<std::size_t>(t) + 1) % sweep_steps_ != 0) return;
      const Real modulator = of_.modulator.empty() ? Real(0) : of_.modulator[static_cast<std::size_t>(step)];
      const std::size_t count = view_.synapse_count();
      const auto constants = constants_;
      const auto bounds = bounds_;
      const auto synapses = synapses_;
#pragma GCC ivdep
      for (std::size_t w = 0; w < count; ++w) {
        typename Rule::Synapse s = synapses.load(w);
        Rule::sweep(constants, bounds, s, modulator);
        synapses.store(w, s);
      }
    }
  }

  const ForwardArgs<Real>& args_;
  const OnlinePlasticity<Real>& of_;
  const ProjectionView<Real> view_;
  const typename Rule::Constants constants_;
  const WeightBounds<Real> bounds_;
  const ColumnsOf<typename Rule::Pre> pre_;
  const ColumnsOf<typename Rule::Post> post_;
  ColumnsOf<typename Rule::Synapse> synapses_;
  const FactorRing<Real, pre_factor_count<Rule>> pre_ring_;
  const FactorRing<Real, post_factor_count<Rule>> post_ring_;
  std::size_t sweep_steps_ = 1;
  std::vector<std::uint32_t> fired_;
};

}  // namespace

template <class Real>
std::unique_ptr<OnlineRule<Real>> make_online_rule(const ForwardArgs<Real>& args, const OnlinePlasticity<Real>& of) {
  std::unique_ptr<OnlineRule<Real>> rule;
  visit_plasticity(*of.learning, [&]<template <class> class Rule>(const auto& params) {
    rule = std::make_unique<RuleStepper<Rule, Real>>(args, of, params);
  });
  return rule;
}
template std::unique_ptr<OnlineRule<float>> make_online_rule(const ForwardArgs<float>&, const OnlinePlasticity<float>&);
template std::unique_ptr<OnlineRule<double>> make_online_rule(const ForwardArgs<double>&,
                                                              const OnlinePlasticity<double>&);

}  // namespace spikeweave::cpu
