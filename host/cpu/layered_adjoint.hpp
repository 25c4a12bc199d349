// The backward recursion where no projection leads back: a stretch of neurons goes through all its steps before the one
// that sends to it, so that the errors of many steps and trials go through a projection as one product.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <vector>

#include "host/cpu/adjoint_run.hpp"
#include "host/cpu/layer_order.hpp"
#include "host/cpu/operations.hpp"
#include "host/cpu/real_product.hpp"

namespace spikeweave::cpu {

// The trials [first, first + count).
template <class Adjoint, class Signal, class Real>
class LayeredAdjoint {
 public:
  LayeredAdjoint(const AdjointArgs<Real>& args, std::size_t first, std::size_t count) : args_(args) {
    for (std::size_t b = first; b < first + count; ++b) {
      runs_.emplace_back(args, b);
      end_ = std::max(end_, runs_.back().end());
    }
    cuts_.push_back(0);
    for (const ProjectionList<Real>* list : {&args.recurrent, &args.within_step}) {
      for (std::size_t p = 0; p < list->count; ++p) cuts_.push_back(list->at[p].pre_begin + list->at[p].pre_count);
    }
    std::sort(cuts_.begin(), cuts_.end(), std::greater<>());
    cuts_.erase(std::unique(cuts_.begin(), cuts_.end()), cuts_.end());
  }

  void run(std::size_t block_steps) {
    for (std::size_t end = end_; end > args_.window.begin;) {
      const std::size_t begin = end - std::min(block_steps, end - args_.window.begin);
      std::size_t done = args_.psi_to_factor.shape[2];  // neurons from here on are
      for (const std::size_t cut : cuts_) {
        if (cut < done) run_stretch(begin, end, cut, done);
        done = cut;
      }
      end = begin;
    }
    for (auto& run : runs_) run.finish();
  }

 private:
  using Run = AdjointRun<Adjoint, Signal, Real>;

  // The neurons [low, high), to which nothing before `high` leads; the steps [begin, end).
  void run_stretch(std::size_t begin, std::size_t end, std::size_t low, std::size_t high) {
    const std::size_t count = high - low;
    std::size_t rows = 0;
    for (const Run& run : runs_) rows += last_of(run, begin, end) - begin;
    later_.assign(rows * count, Real(0));
    follow(args_.recurrent, begin, end, low, high);
    follow(args_.within_step, begin, end, low, high);
    const Real* later = later_.data();
    for (Run& run : runs_) {
      const std::size_t last = last_of(run, begin, end);
      for (std::size_t t = last; t-- > begin;) {
        run.load_signals(t, low, high);
        run.step(t, low, high, later + (t - begin) * count);
      }
      later += (last - begin) * count;
    }
  }

  static std::size_t last_of(const Run& run, std::size_t begin, std::size_t end) {
    return std::max(begin, std::min(end, run.end()));
  }

  // Adds to later_ what the spikes of the neurons [low, high) do through the projections.
  void follow(const ProjectionList<Real>& projections, std::size_t begin, std::size_t end, std::size_t low,
              std::size_t high) {
    for (std::size_t p = 0; p < projections.count; ++p) {
      const ProjectionView<Real>& projection = projections.at[p];
      const std::size_t first = std::max(low, projection.pre_begin);
      const std::size_t last = std::min(high, projection.pre_begin + projection.pre_count);
      if (first >= last) continue;
      factors_.clear();
      to_.clear();
      Real* to = later_.data() + (first - low);
      for (const Run& run : runs_) {
        for (std::size_t t = begin; t < last_of(run, begin, end); ++t, to += high - low) {
          const std::size_t arrival = t + projection.delay;
          factors_.push_back(arrival < run.length() ? run.factors(arrival) + projection.post_begin : nullptr);
          to_.push_back(to);
        }
      }
      product_.add_transposed(factors_, projection.backward + (first - projection.pre_begin) * projection.post_count,
                              projection.post_count, projection.post_count, last - first, to_);
    }
  }

  const AdjointArgs<Real>& args_;
  std::deque<Run> runs_;  // they do not move
  std::size_t end_ = 0;
  std::vector<std::size_t> cuts_;  // neurons from which on all must be done before an error goes on
  std::vector<Real> later_;        // [rows, neurons of the stretch]
  std::vector<const Real*> factors_;
  std::vector<Real*> to_;
  RealProduct<Real> product_;
};

template <class Adjoint, class Signal, class Real>
void run_layered_adjoint(const AdjointArgs<Real>& args, int threads) {
  const std::size_t batch = args.psi_to_factor.shape[0];
  const LayerBlock block(batch, args.window.end_or(args.psi_to_factor.shape[1]) - args.window.begin, threads);
  const std::size_t groups = (batch + block.trials - 1) / block.trials;
#pragma omp parallel for schedule(dynamic) num_threads(threads_for(groups, threads))
  for (std::size_t g = 0; g < groups; ++g) {
    const std::size_t first = g * block.trials;
    LayeredAdjoint<Adjoint, Signal, Real>(args, first, std::min(block.trials, batch - first)).run(block.steps);
  }
}

}  // namespace spikeweave::cpu
