// The forward pass of spiking networks in which no projection leads back: a population makes a block of steps for
// several trials before the next one does, so that its currents are sums over many rows at once. The order of every
// sum, and so its bits, is that of the plain order of steps.
#pragma once

#include <algorithm>
#include <vector>

#include "host/cpu/gathered_product.hpp"
#include "host/cpu/layer_order.hpp"
#include "host/cpu/trial_run.hpp"

namespace spikeweave::cpu {

// Rows from which a product takes less time than a gather for each trial and step, which reads only active weights.
constexpr std::size_t least_layer_rows = 32;

template <class Real>
bool is_layered(const ForwardArgs<Real>& args, const LayerBlock& block) {
  if (block.rows() < least_layer_rows || !args.plasticity.empty()) return false;
  if (args.events.empty() || !args.outputs.empty() || !args.forced.empty() || !args.clamp.empty()) return false;
  const auto is_dense = [](const ProjectionView<Real>& projection) { return projection.sparse == nullptr; };
  return std::all_of(args.input.at, args.input.at + args.input.count, is_dense) && lead_ahead(args);
}

// The trials [first, first + count).
template <class Real>
class LayeredForward {
 public:
  LayeredForward(const ForwardArgs<Real>& args, const std::vector<StepFunction<Real>>& step, std::size_t first,
                 std::size_t count)
      : args_(args), step_(step), first_(first), count_(count) {
    for (std::size_t p = 0; p < args.within_step.count; ++p) within_step_.push_back(&args.within_step.at[p]);
    std::stable_sort(within_step_.begin(), within_step_.end(),
                     [this](const auto* a, const auto* b) { return first_population(*a) < first_population(*b); });
  }

  void run(std::size_t block_steps) {
    std::size_t end = args_.window.begin;
    for (std::size_t b = first_; b < first_ + count_; ++b) {
      if (args_.window.begin == 0) std::fill_n(args_.spike_count.row(b), args_.neuron_count, 0u);
      end = std::max(end, end_of(b));
    }
    for (std::size_t begin = args_.window.begin; begin < end; begin += block_steps) {
      for (std::size_t p = 0; p < args_.populations.size(); ++p) run_population(p, begin, begin + block_steps);
    }
    for (std::size_t b = first_; b < first_ + count_; ++b) {
      if (args_.window.end >= length(b)) keep_history(args_, args_.spikes, args_.history, b);
    }
  }

 private:
  struct Row {
    std::size_t b, t;
  };

  std::size_t length(std::size_t b) const { return static_cast<std::size_t>(args_.length[b]); }
  std::size_t end_of(std::size_t b) const { return args_.window.end_in(length(b)); }
  std::size_t first_population(const ProjectionView<Real>& projection) const {
    std::size_t p = 0;
    while (projection.post_begin >= args_.populations[p].begin + args_.populations[p].count) ++p;
    return p;
  }

  void run_population(std::size_t p, std::size_t begin, std::size_t end) {
    const PopulationView& population = args_.populations[p];
    rows_.clear();
    for (std::size_t b = first_; b < first_ + count_; ++b) {
      for (std::size_t t = begin; t < std::min(end, end_of(b)); ++t) rows_.push_back({b, t});
    }
    add_input(population);
    recurrent_current_.resize(rows_.size() * population.count);
    product_.start(rows_.size(), population.count, recurrent_current_.data(), population.count);
    for (std::size_t n = 0; n < args_.recurrent.count; ++n) add_spikes(population, args_.recurrent.at[n]);
    for (const ProjectionView<Real>* projection : within_step_) add_spikes(population, *projection);
    product_.finish();
    for (std::size_t n = 0; n < rows_.size(); ++n) step(p, n);
  }

  // The input currents of all rows, as propagate_input makes them.
  void add_input(const PopulationView& population) {
    const std::size_t count = population.count;
    input_current_.resize(rows_.size() * count);
    product_.start(rows_.size(), count, input_current_.data(), count);
    for (std::size_t n = 0; n < args_.input.count; ++n) {
      const ProjectionView<Real>& projection = args_.input.at[n];
      add(population, projection, [&](const Row& row) -> ActiveRow {
        if (row.t < projection.delay) return {nullptr, nullptr};
        const std::size_t source = row.t - projection.delay;
        return {args_.events.row(row.b, source),
                args_.input_mask.empty() ? nullptr : args_.input_mask.row(row.b, source / args_.frame_steps)};
      });
    }
    product_.finish();
    if (args_.input_scale != Real(1)) {
      for (Real& sum : input_current_) sum *= args_.input_scale;
    }
    for (std::size_t n = 0; n < args_.bias.count; ++n) {
      const ProjectionView<Real>& bias = args_.bias.at[n];
      const auto [low, high] = overlap(population, bias);
      for (std::size_t row = 0; row < rows_.size(); ++row) {
        for (std::size_t j = low; j < high; ++j) {
          input_current_[row * count + (j - population.begin)] += bias.weights[j - bias.post_begin];
        }
      }
    }
  }

  // What was sent in earlier steps of the pass or of earlier passes.
  void add_spikes(const PopulationView& population, const ProjectionView<Real>& projection) {
    add(population, projection, [&](const Row& row) -> ActiveRow {
      if (row.t >= projection.delay) return {args_.spikes.row(row.b, row.t - projection.delay), nullptr};
      const std::size_t ago = projection.delay - row.t;  // before this pass
      if (!args_.continues || args_.history.empty() || ago > args_.history.shape[1]) return {nullptr, nullptr};
      return {args_.history.row(row.b, args_.history.shape[1] - ago), nullptr};
    });
  }

  // sent(row): what arrives in the row, from the first cell of the projection's index space on.
  template <class Sent>
  void add(const PopulationView& population, const ProjectionView<Real>& projection, Sent&& sent) {
    const auto [low, high] = overlap(population, projection);
    if (low >= high) return;
    active_.clear();
    for (const Row& row : rows_) {
      ActiveRow active = sent(row);
      if (active.counts != nullptr) active.counts += projection.pre_begin;
      if (active.mask != nullptr) active.mask += projection.pre_begin;
      active_.push_back(active);
    }
    product_.add(active_, projection.pre_count, projection.weights + (low - projection.post_begin),
                 projection.post_count, low - population.begin, high - low);
  }

  // The population's neurons that the projection leads to.
  static std::pair<std::size_t, std::size_t> overlap(const PopulationView& population,
                                                     const ProjectionView<Real>& projection) {
    return {std::max(population.begin, projection.post_begin),
            std::min(population.begin + population.count, projection.post_begin + projection.post_count)};
  }

  void step(std::size_t p, std::size_t n) {
    const PopulationView& population = args_.populations[p];
    const auto [b, t] = rows_[n];
    const std::size_t begin = population.begin;
    const std::size_t first_word = begin / 4 * 4;
    if (step_[p].uses_random) {
      words_.resize((begin + population.count - first_word + 3) / 4 * 4);
      draw_noise(args_.keys, b, t, first_word / 4, words_);
    }
    if (args_.psi.empty()) psi_.resize(population.count);
    if (args_.prediction.empty()) prediction_.resize(population.count);
    step_[p].run(population, args_.batch, b,
                 {input_current_.data() + n * population.count, recurrent_current_.data() + n * population.count,
                  args_.psi.empty() ? psi_.data() : args_.psi.row(b, t) + begin,
                  args_.prediction.empty() ? prediction_.data() : args_.prediction.row(b, t) + begin,
                  args_.spikes.row(b, t) + begin, args_.spike_count.row(b) + begin,
                  step_[p].uses_random ? words_.data() + (begin - first_word) : nullptr, nullptr, nullptr, nullptr});
    for (const TraceView& trace : args_.traces) {
      if (trace.population == p) record_trace(args_, trace, b, t);
    }
  }

  const ForwardArgs<Real>& args_;
  const std::vector<StepFunction<Real>>& step_;
  const std::size_t first_, count_;
  std::vector<const ProjectionView<Real>*> within_step_;  // in the order of their sums
  std::vector<Row> rows_;                                 // of the block: trial by trial, steps ascending
  std::vector<ActiveRow> active_;                         // [rows]
  std::vector<Real> input_current_, recurrent_current_;   // [rows, neurons of the population]
  std::vector<Real> psi_, prediction_;                    // where they are not wanted
  std::vector<std::uint32_t> words_;
  GatheredProduct<Real> product_;
};

}  // namespace spikeweave::cpu
