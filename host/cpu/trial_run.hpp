// One trial of a forward pass, a step at a time.
#pragma once

#include <algorithm>
#include <limits>
#include <memory>
#include <vector>

#include "host/cpu/active_list.hpp"
#include "host/cpu/input_block.hpp"
#include "host/cpu/neuron_row.hpp"
#include "host/cpu/online_plasticity.hpp"
#include "host/cpu/philox_run.hpp"
#include "host/cpu/propagation.hpp"

namespace spikeweave::cpu {

// Adds what the input of `delay` steps ago brings through one projection, or one class of delays of it.
template <class Real>
void add_input(const ForwardArgs<Real>& args, const ProjectionView<Real>& projection, std::size_t delay_class,
               std::size_t b, std::size_t t, Real* input_current) {
  const std::size_t delay = projection.delay_of(delay_class);
  if (t < delay) return;
  const std::size_t source = t - delay;
  const std::size_t frame = source / args.frame_steps;
  const std::uint8_t* mask = args.input_mask.empty() ? nullptr : args.input_mask.row(b, frame);
  const std::size_t end = projection.pre_begin + projection.pre_count;
  Real* const current = input_current + projection.post_begin;
  const auto add = [&](std::size_t i, Real x) {
    if (mask != nullptr && mask[i] == 0) return;
    const std::size_t pre = i - projection.pre_begin;
    if (projection.sparse != nullptr) {
      add_sparse_row(projection, delay_class, pre, x, current);
    } else {
      add_scaled_row(x, projection.weights + pre * projection.post_count, current, projection.post_count);
    }
  };
  if (!args.events.empty()) {
    const std::uint8_t* events = args.events.row(b, source);
    for_each_active(events, projection.pre_begin, end, [&](std::size_t i) { add(i, static_cast<Real>(events[i])); });
  } else {
    const Real* values = args.values.row(b, frame);
    for_each_active(values, projection.pre_begin, end, [&](std::size_t i) { add(i, values[i]); });
  }
}

// Input current of step t of trial b.
template <class Real>
void propagate_input(const ForwardArgs<Real>& args, std::size_t b, std::size_t t, InputBlock<Real>& block,
                     std::vector<Real>& current) {
  const bool from_events = !args.events.empty();
  // Values are constant within a frame.
  if (!from_events && t % args.frame_steps != 0 && t != args.window.begin && args.plasticity.empty() &&
      longest_delay(args.input) == 0)
    return;
  if (const Real* const row = block.row(b, t)) {
    std::copy_n(row, current.size(), current.begin());
  } else {
    std::fill(current.begin(), current.end(), Real(0));
    for (std::size_t p = 0; p < args.input.count; ++p) {
      const ProjectionView<Real>& projection = args.input.at[p];
      const std::size_t classes = projection.class_count();
      for (std::size_t c = 0; c < classes; ++c) add_input(args, projection, c, b, t, current.data());
    }
  }
  if (args.input_scale != Real(1)) {
    for (Real& sum : current) sum *= args.input_scale;
  }
  for (std::size_t p = 0; p < args.bias.count; ++p) {
    const ProjectionView<Real>& bias = args.bias.at[p];
    for (std::size_t j = 0; j < bias.post_count; ++j) current[bias.post_begin + j] += bias.weights[j];
  }
}

// The random words of the neurons of one step, four to a Philox block. words: those of whole blocks from first_block on
inline void draw_noise(const RandomKeys& keys, std::size_t b, std::size_t t, std::size_t first_block,
                       std::vector<std::uint32_t>& words) {
  const PhiloxCounter first = random_counter(Purpose::neuron_noise, 0, static_cast<std::uint32_t>(first_block),
                                             keys.trial[b], static_cast<std::uint32_t>(t));
  philox_run(first, Advance::block, words.size() / 4, random_key(keys.seed), words.data());
}

template <class Real>
void record_trace(const ForwardArgs<Real>& args, const TraceView& trace, std::size_t b, std::size_t t) {
  const PopulationView& population = args.populations[trace.population];
  float* const out = trace.values.row(b, t);
  NeuronModels::visit(population.model, [&]<template <class> class Model>() {
    const auto state = place_columns<typename Model<Real>::State>(population.state, args.batch * population.count);
    for (std::size_t n = 0; n < trace.neurons.size(); ++n) {
      out[n] =
          static_cast<float>(column_value<Real>(state.pointers, trace.column, b * population.count + trace.neurons[n]));
    }
  });
}

// The lists of what was sent in the `depth` steps before the window, in this pass and in earlier ones.
template <class Real, class T>
void recall_sent(const ForwardArgs<Real>& args, const View<T>& sent, const View<T>& history, std::size_t b,
                 std::size_t depth, SpikeLists<Real>& lists) {
  const auto begin = static_cast<std::int64_t>(args.window.begin);
  const auto kept = args.continues && !history.empty() ? static_cast<std::int64_t>(history.shape[1]) : 0;
  for (auto t = std::max(begin - static_cast<std::int64_t>(depth), -kept); t < begin; ++t) {
    const T* const row =
        t < 0 ? history.row(b, static_cast<std::size_t>(kept + t)) : sent.row(b, static_cast<std::size_t>(t));
    lists.add(t, row, sent.shape[2]);
  }
}

// Keeps the last rows of this pass, behind those of earlier ones where it was shorter than the history is deep.
template <class Real, class T>
void keep_history(const ForwardArgs<Real>& args, const View<T>& sent, const View<T>& history, std::size_t b) {
  if (history.empty()) return;
  const std::size_t depth = history.shape[1];
  const auto length = static_cast<std::size_t>(args.length[b]);
  const std::size_t fresh = std::min(depth, length);
  const std::size_t row = history.shape[2];
  T* const first = history.row(b);
  std::copy(first + fresh * row, first + depth * row, first);
  std::copy_n(sent.row(b, length - fresh), fresh * row, first + (depth - fresh) * row);
}

// In each step: arrive(), step() of the populations in order, end_step(); in the end finish().
template <class Real>
class TrialRun {
 public:
  TrialRun(const ForwardArgs<Real>& args, const std::vector<StepFunction<Real>>& step, std::size_t b)
      : args_(args),
        step_(step),
        b_(b),
        length_(static_cast<std::size_t>(args.length[b])),
        has_outputs_(!args.outputs.empty()),
        is_noisy_(std::any_of(step.begin(), step.end(), [](const auto& f) { return f.uses_random; })),
        depth_(std::max<std::size_t>({longest_delay(args.recurrent), args.history.shape[1], 1})),
        input_current_(args.cell_count),
        recurrent_current_(args.cell_count),
        psi_(args.psi.empty() ? args.cell_count : 0),
        prediction_(args.prediction.empty() ? args.neuron_count : 0),
        words_(is_noisy_ ? (args.neuron_count + 3) / 4 * 4 : 0),
        forced_(args.forced.empty() ? 0 : args.neuron_count, 0),
        clamp_(has_outputs_ ? args.neuron_count : 0, std::numeric_limits<Real>::quiet_NaN()),
        no_target_(clamp_.size()),
        spike_lists_(depth_),
        output_lists_(has_outputs_ ? depth_ : 0),
        input_lists_(args.plasticity.empty() ? 0 : longest_delay(args.input)),
        input_block_(args) {
    if (args.window.begin == 0) std::fill_n(args.spike_count.row(b), args.neuron_count, 0u);
    for (const OnlinePlasticity<Real>& plasticity : args.plasticity) {
      rules_.push_back(make_online_rule(args, plasticity));
    }
    recall_sent(args, args.spikes, args.history, b, depth_, spike_lists_);
    if (has_outputs_) recall_sent(args, args.outputs, args.output_history, b, depth_, output_lists_);
  }

  // The step behind the last one of the window.
  std::size_t end() const { return args_.window.end_in(length_); }

  // Currents of what was sent in earlier steps and of the input.
  void arrive(std::size_t t) {
    propagate_input(args_, b_, t, input_block_, input_current_);
    std::fill(recurrent_current_.begin(), recurrent_current_.end(), Real(0));
    propagate_spikes(args_.recurrent, sent_lists(), has_outputs_, static_cast<std::int64_t>(t), active_,
                     recurrent_current_.data());
    if (is_noisy_) draw_noise(args_.keys, b_, t, 0, words_);
    if (!forced_.empty()) std::copy_n(args_.forced.row(b_, t), args_.forced.shape[2], forced_.begin());
    if (!args_.clamp.empty())
      std::copy_n(args_.clamp.row(b_, t / args_.frame_steps), args_.clamp.shape[2], clamp_.begin());
  }

  void step(std::size_t t, std::size_t p) {
    const PopulationView& population = args_.populations[p];
    const std::size_t begin = population.begin;
    Real* const psi = args_.psi.empty() ? psi_.data() : args_.psi.row(b_, t);
    Real* const prediction = args_.prediction.empty() ? prediction_.data() : args_.prediction.row(b_, t);
    Real* const sent = outputs(t);
    SecondRow<Real> second{};
    if (const std::size_t cell = population.second; cell > 0) {
      second = {input_current_.data() + cell, recurrent_current_.data() + cell, psi + cell, sent + cell};
    }
    step_[p].run(population, args_.batch, b_,
                 {input_current_.data() + begin, recurrent_current_.data() + begin, psi + begin, prediction + begin,
                  spikes(t) + begin, args_.spike_count.row(b_) + begin, words_.data() + (is_noisy_ ? begin : 0),
                  forced_.data() + (forced_.empty() ? 0 : begin), clamp_.empty() ? nullptr : clamp_.data() + begin,
                  has_outputs_ ? sent + begin : nullptr, second, teacher_row(population, t),
                  args_.average.empty() ? Real(0) : args_.average[t]});
  }

  void end_step(std::size_t t) {
    const auto now = static_cast<std::int64_t>(t);
    spike_lists_.add(now, spikes(t), args_.neuron_count);
    if (has_outputs_) output_lists_.add(now, outputs(t), args_.cell_count);
    if (!rules_.empty()) {
      const std::uint8_t* const events = args_.events.empty() ? nullptr : args_.events.row(b_, t);
      const Real* const values = args_.values.empty() ? nullptr : args_.values.row(b_, t / args_.frame_steps);
      if (events != nullptr) input_lists_.add(now, events, args_.events.shape[2]);
      for (const auto& rule : rules_) {
        rule->step({now, events, spikes(t), outputs(t), &input_lists_, &spike_lists_, &sent_lists()}, values);
      }
    }
    for (const TraceView& trace : args_.traces) record_trace(args_, trace, b_, t);
  }

  void finish() {
    if (args_.window.end < length_) return;
    keep_history(args_, args_.spikes, args_.history, b_);
    keep_history(args_, args_.outputs, args_.output_history, b_);
  }

  Real* recurrent_current() { return recurrent_current_.data(); }
  std::uint8_t* spikes(std::size_t t) const { return args_.spikes.row(b_, t); }
  Real* outputs(std::size_t t) const { return has_outputs_ ? args_.outputs.row(b_, t) : nullptr; }

 private:
  TeacherRow<Real> teacher_row(const PopulationView& population, std::size_t t) const {
    const TeacherView<Real>& teacher = args_.teacher;
    const bool is_taught = !teacher.strength.empty() && population.begin == teacher.begin;
    if (!is_taught) return {no_target_.data() + (has_outputs_ ? population.begin : 0), Real(0)};
    return {teacher.target.row(b_), teacher.strength(b_, t)};
  }

  const SpikeLists<Real>& sent_lists() const { return has_outputs_ ? output_lists_ : spike_lists_; }

  const ForwardArgs<Real>& args_;
  const std::vector<StepFunction<Real>>& step_;
  const std::size_t b_;
  const std::size_t length_;
  const bool has_outputs_;
  const bool is_noisy_;
  const std::size_t depth_;              // steps back of what was sent
  std::vector<Real> input_current_;      // [cells]
  std::vector<Real> recurrent_current_;  // [cells]
  std::vector<Real> psi_;                // [cells], where no psi is wanted
  std::vector<Real> prediction_;         // [neurons], where no prediction is wanted
  std::vector<std::uint32_t> words_;     // random words
  std::vector<std::uint8_t> forced_;
  std::vector<Real> clamp_;
  std::vector<Real> no_target_;
  SpikeLists<Real> spike_lists_, output_lists_, input_lists_;
  InputBlock<Real> input_block_;
  ActiveRows<Real> active_;
  std::vector<std::unique_ptr<OnlineRule<Real>>> rules_;
};

}  // namespace spikeweave::cpu
