// Projections within a step, for several trials at once: a product where many cells are active, which reads each weight
// once for all trials, else a gather for each trial, with the same bits.
#pragma once

#include <algorithm>
#include <vector>

#include "host/cpu/product_factors.hpp"
#include "host/cpu/propagation.hpp"
#include "host/cpu/trial_run.hpp"

namespace spikeweave::cpu {

template <class Real>
class WithinStep {
 public:
  explicit WithinStep(const ForwardArgs<Real>& args) : args_(args) {}

  // Adds to the recurrent currents what arrives through the projections of which population p is the first that they
  // lead to; all populations before it have made their step.
  void arrive(std::size_t t, std::size_t p, const std::vector<TrialRun<Real>*>& running) {
    const PopulationView& population = args_.populations[p];
    for (std::size_t n = 0; n < args_.within_step.count; ++n) {
      const ProjectionView<Real>& projection = args_.within_step.at[n];
      if (!reaches(projection, population)) continue;
      if (projection.class_count() == 0) continue;  // no synapses
      list_active(projection, t, running);
      if (projection.sparse == nullptr && is_dense(projection)) {
        multiply(projection, running);
      } else {
        gather(projection, running);
      }
    }
  }

 private:
  // Whether the population is the first that the projection leads to.
  static bool reaches(const ProjectionView<Real>& projection, const PopulationView& population) {
    const auto is_in = [&](std::size_t begin) {
      return projection.post_begin >= begin && projection.post_begin < begin + population.count;
    };
    return is_in(population.begin) || (population.second > 0 && is_in(population.second));
  }

  // What cells of one trial sent in the step.
  struct Sent {
    std::vector<std::size_t> cells;  // within the projection's pre cells, ascending
    std::vector<Real> values;
  };

  void list_active(const ProjectionView<Real>& projection, std::size_t t, const std::vector<TrialRun<Real>*>& running) {
    sent_.resize(running.size());
    for (std::size_t n = 0; n < running.size(); ++n) {
      Sent& sent = sent_[n];
      sent.cells.clear();
      sent.values.clear();
      if (const Real* const outputs = running[n]->outputs(t)) {
        for (std::size_t i = 0; i < projection.pre_count; ++i) {
          const Real value = outputs[projection.pre_begin + i];
          if (value == Real(0)) continue;
          sent.cells.push_back(i);
          sent.values.push_back(value);
        }
      } else {
        for_each_active(running[n]->spikes(t) + projection.pre_begin, 0, projection.pre_count,
                        [&sent](std::size_t i) { sent.cells.push_back(i); });
        sent.values.assign(sent.cells.size(), Real(1));
      }
    }
  }

  bool is_dense(const ProjectionView<Real>& projection) const {
    std::size_t active = 0;
    for (const Sent& sent : sent_) active += sent.cells.size();
    const auto all = static_cast<double>(sent_.size() * projection.pre_count);
    return sent_.size() > 1 && static_cast<double>(active) > dense_share * all;
  }

  void multiply(const ProjectionView<Real>& projection, const std::vector<TrialRun<Real>*>& running) {
    factors_.start(running.size(), projection.pre_count, projection.post_count);
    for (std::size_t n = 0; n < running.size(); ++n) {
      const Sent& sent = sent_[n];
      for (std::size_t k = 0; k < sent.cells.size(); ++k) factors_.at(n, sent.cells[k]) = sent.values[k];
      factors_.out(n) = running[n]->recurrent_current() + projection.post_begin;
    }
    add_products(factors_.groups, projection.weights, projection.post_count, projection.pre_count,
                 projection.post_count, factors_.packed);
  }

  void gather(const ProjectionView<Real>& projection, const std::vector<TrialRun<Real>*>& running) {
    for (std::size_t n = 0; n < running.size(); ++n) {
      const Sent& sent = sent_[n];
      Real* const to = running[n]->recurrent_current() + projection.post_begin;
      if (projection.sparse != nullptr) {
        for (std::size_t k = 0; k < sent.cells.size(); ++k) {
          add_sparse_row(projection, 0, sent.cells[k], sent.values[k], to);
        }
        continue;
      }
      rows_.clear();
      for (const std::size_t i : sent.cells) rows_.push_back(projection.weights + i * projection.post_count);
      add_scaled_rows(rows_.data(), sent.values.data(), rows_.size(), to, projection.post_count);
    }
  }

  const ForwardArgs<Real>& args_;
  std::vector<Sent> sent_;
  ProductFactors<Real> factors_;
  std::vector<const Real*> rows_;
};

}  // namespace spikeweave::cpu
