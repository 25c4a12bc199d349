// Threads share the presynaptic rows of the gradient among them: every element is summed by one thread in an order that
// does not depend on the thread count, and a thread's stripe stays in its cache.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "host/cpu/active_list.hpp"
#include "host/cpu/binary_outer_product.hpp"
#include "host/cpu/dense_product.hpp"
#include "host/cpu/event_times.hpp"
#include "host/cpu/operations.hpp"
#include "host/cpu/propagation.hpp"

namespace spikeweave::cpu {
namespace {

constexpr std::size_t least_work =
    500'000;  // post factors read per thread; fewer take less time than a parallel region

constexpr std::size_t block_factors = 1 << 15;  // post factors of a block of steps: 128 KiB of the second cache
constexpr std::size_t least_block_steps = 16;

struct Stripe {
  std::size_t begin, end;  // presynaptic cells, in their index space
};

// Adds factor * post to the gradients of pre cell i.
template <class Real>
void add_row(const OuterProductArgs<Real>& args, std::size_t delay_class, std::size_t i, Real factor,
             const Real* post) {
  const ProjectionView<Real>& block = args.projection;
  const std::size_t pre = i - block.pre_begin;
  if (block.sparse == nullptr) {
    add_scaled_row(factor, post, args.gradient.row(pre), block.post_count);
    return;
  }
  const std::uint32_t* const target = block.sparse->target.data;
  Real* const gradient = args.gradient.data;
  visit_row(*block.sparse, block.pre_count, delay_class, pre, [&](std::uint32_t begin, std::uint32_t end) {
#pragma GCC ivdep
    for (std::uint32_t w = begin; w < end; ++w) gradient[w] += factor * post[target[w]];
  });
}

// One step after the other: of a sparse projection.
template <class Real>
void add_events_by_step(const OuterProductArgs<Real>& args, std::size_t delay_class, std::size_t b, Stripe stripe) {
  const std::size_t pre_delay = args.projection.delay_of(delay_class) - args.post_delay;
  const std::size_t end = args.window.end_in(static_cast<std::size_t>(args.length[b]));
  for (std::size_t t = std::max({pre_delay, args.post_delay, args.window.begin}); t < end; ++t) {
    const std::size_t source = t - pre_delay;
    const std::uint8_t* events = args.events.row(b, source);
    const std::uint8_t* mask = args.mask.empty() ? nullptr : args.mask.row(b, source / args.frame_steps);
    const Real* post = args.post.row(b, t - args.post_delay) + args.projection.post_begin;
    for_each_active(events, stripe.begin, stripe.end, [&](std::size_t i) {
      if (mask != nullptr && mask[i] == 0) return;
      add_row(args, delay_class, i, args.scale * static_cast<Real>(events[i]), post);
    });
  }
}

// Working memory of a thread.
template <class Real>
struct BlockMemory {
  std::vector<Real> factors, packed, unused;
  std::vector<RowGroup<Real>> groups;
};

// A block of steps in which many events arrive, as a product.
template <class Real>
void add_block(const OuterProductArgs<Real>& args, std::size_t b, std::size_t first, std::size_t steps, Stripe stripe,
               BlockMemory<Real>& memory) {
  const ProjectionView<Real>& block = args.projection;
  const std::size_t pre_delay = block.delay - args.post_delay;
  const std::size_t group_count = (stripe.end - stripe.begin + product_rows - 1) / product_rows;
  memory.factors.assign(group_count * steps * product_rows, Real(0));
  memory.unused.resize(block.post_count);
  memory.groups.clear();
  for (std::size_t g = 0; g < group_count; ++g) {
    memory.groups.push_back(
        {reinterpret_cast<const Real(*)[product_rows]>(memory.factors.data() + g * steps * product_rows), {}});
    for (std::size_t c = 0; c < product_rows; ++c) {
      const std::size_t i = stripe.begin + g * product_rows + c;
      memory.groups.back().out[c] = i < stripe.end ? args.gradient.row(i - block.pre_begin) : memory.unused.data();
    }
  }
  for (std::size_t k = 0; k < steps; ++k) {
    const std::size_t source = first + k - pre_delay;
    const std::uint8_t* const mask = args.mask.empty() ? nullptr : args.mask.row(b, source / args.frame_steps);
    for_each_active(args.events.row(b, source), stripe.begin, stripe.end, [&](std::size_t i) {
      const std::size_t n = i - stripe.begin;
      const std::size_t at = (n / product_rows * steps + k) * product_rows + n % product_rows;
      if (mask == nullptr || mask[i] != 0)
        memory.factors[at] = args.scale * static_cast<Real>(args.events(b, source, i));
    });
  }
  add_products(memory.groups, args.post.row(b, first - args.post_delay) + block.post_begin, args.post.shape[2], steps,
               block.post_count, memory.packed);
}

// One pre cell after the other within a block of steps, whose post factors stay in the cache: the cell's gradient is
// then read and written once for four events. The order of every sum stays that of the steps.
template <class Real>
void add_events_by_cell(const OuterProductArgs<Real>& args, std::size_t b, Stripe stripe, EventTimes& times,
                        BlockMemory<Real>& memory) {
  const ProjectionView<Real>& block = args.projection;
  const std::size_t pre_delay = block.delay - args.post_delay;
  const std::size_t end = args.window.end_in(static_cast<std::size_t>(args.length[b]));
  const std::size_t block_steps = std::max(least_block_steps, block_factors / block.post_count);
  std::vector<const Real*> rows;
  std::vector<Real> factors;
  for (std::size_t first = std::max({pre_delay, args.post_delay, args.window.begin}); first < end;
       first += block_steps) {
    times.clear();
    for (std::size_t t = first; t < std::min(first + block_steps, end); ++t) {
      const std::size_t source = t - pre_delay;
      const std::uint8_t* mask = args.mask.empty() ? nullptr : args.mask.row(b, source / args.frame_steps);
      times.add(static_cast<std::uint32_t>(t - first), args.events.row(b, source), mask);
    }
    const std::size_t steps = std::min(first + block_steps, end) - first;
    if (static_cast<double>(times.size()) > dense_share * static_cast<double>(times.cell_count() * steps)) {
      add_block(args, b, first, steps, stripe, memory);
      continue;
    }
    times.sort();
    times.for_each_cell([&](std::size_t i, const EventTimes::Event* event, const EventTimes::Event* last) {
      rows.clear();
      factors.clear();
      for (; event != last; ++event) {
        rows.push_back(args.post.row(b, first + event->step - args.post_delay) + block.post_begin);
        factors.push_back(args.scale * static_cast<Real>(event->count));
      }
      Real* const to = args.gradient.row(i - block.pre_begin);
      if (std::all_of(factors.begin(), factors.end(), [](Real factor) { return factor == Real(1); })) {
        add_rows(rows.data(), rows.size(), to, block.post_count);
      } else {
        add_scaled_rows(rows.data(), factors.data(), rows.size(), to, block.post_count);
      }
    });
  }
}

// Share of active cells from which looking sums up takes less time than a gather; measured, bench/README.md.
constexpr double look_up_share = 0.22;

// How many cells are active in a trial, and whether one of them more than once.
template <class Real>
std::pair<std::size_t, bool> census(const OuterProductArgs<Real>& args, std::size_t b, std::size_t first_step) {
  const ProjectionView<Real>& block = args.projection;
  const std::size_t pre_delay = block.delay - args.post_delay;
  const std::size_t end = args.window.end_in(static_cast<std::size_t>(args.length[b]));
  std::size_t active = 0;
  std::uint64_t all = 0;
  for (std::size_t t = first_step; t < end; ++t) {
    const std::uint8_t* const row = args.events.row(b, t - pre_delay) + block.pre_begin;
    std::size_t i = 0;
    for (; i + 8 <= block.pre_count; i += 8) {
      std::uint64_t eight;
      std::memcpy(&eight, row + i, 8);
      active += static_cast<std::size_t>(__builtin_popcountll(eight));  // where all are 0 or 1
      all |= eight;
    }
    for (; i < block.pre_count; ++i) {
      active += row[i] != 0;
      all |= row[i];
    }
  }
  return {active, (all & ~0x0101010101010101u) != 0};
}

// Whether the pre factors are 0 or 1 and many of them 1: of the first trial, so that all threads do the same.
template <class Real>
bool are_many_and_binary(const OuterProductArgs<Real>& args, int threads) {
  const ProjectionView<Real>& block = args.projection;
  const std::size_t batch = args.post.shape[0];
  if (batch == 0 || args.events.empty() || block.sparse != nullptr || block.pre_count < least_binary_cells)
    return false;
  const std::size_t first_step = std::max({block.delay - args.post_delay, args.post_delay, args.window.begin});
  const std::size_t end = args.window.end_in(static_cast<std::size_t>(args.length[0]));
  if (end <= first_step) return false;
  const auto cells = static_cast<double>((end - first_step) * block.pre_count);
  if (static_cast<double>(census(args, 0, first_step).first) <= look_up_share * cells) return false;
  int several = 0;
#pragma omp parallel for schedule(static) num_threads(threads_for(batch, threads)) reduction(+ : several)
  for (std::size_t b = 0; b < batch; ++b) several += census(args, b, first_step).second ? 1 : 0;
  return several == 0;
}

// All trials and steps at once.
template <class Real>
void add_binary(const OuterProductArgs<Real>& args, Stripe stripe) {
  const ProjectionView<Real>& block = args.projection;
  const std::size_t pre_delay = block.delay - args.post_delay;
  std::vector<BinaryRow<Real>> rows;
  for (std::size_t b = 0; b < args.post.shape[0]; ++b) {
    const std::size_t end = args.window.end_in(static_cast<std::size_t>(args.length[b]));
    for (std::size_t t = std::max({pre_delay, args.post_delay, args.window.begin}); t < end; ++t) {
      const std::size_t source = t - pre_delay;
      rows.push_back({args.events.row(b, source) + stripe.begin,
                      args.mask.empty() ? nullptr : args.mask.row(b, source / args.frame_steps) + stripe.begin,
                      args.post.row(b, t - args.post_delay) + block.post_begin});
    }
  }
  BinaryOuterProduct<Real>().add(rows, stripe.end - stripe.begin, block.post_count, args.scale,
                                 args.gradient.row(stripe.begin - block.pre_begin), block.post_count);
}

// The values are constant within a frame, so the post factors of its steps are added up first.
template <class Real>
void add_values(const OuterProductArgs<Real>& args, std::size_t delay_class, std::size_t b, Stripe stripe,
                std::vector<Real>& frame_sum) {
  const ProjectionView<Real>& block = args.projection;
  const std::size_t last = args.window.end_in(static_cast<std::size_t>(args.length[b]));
  const std::size_t pre_delay = args.projection.delay_of(delay_class) - args.post_delay;
  const std::size_t first_frame =
      args.window.begin > pre_delay ? (args.window.begin - pre_delay) / args.frame_steps : 0;
  for (std::size_t begin = first_frame * args.frame_steps; begin + pre_delay < last; begin += args.frame_steps) {
    const std::size_t frame = begin / args.frame_steps;
    std::fill(frame_sum.begin(), frame_sum.end(), Real(0));
    const std::size_t end = std::min(begin + args.frame_steps + pre_delay, last);
    for (std::size_t t = std::max({begin + pre_delay, args.post_delay, args.window.begin}); t < end; ++t) {
      const Real* post = args.post.row(b, t - args.post_delay) + block.post_begin;
      add_rows(&post, 1, frame_sum.data(), block.post_count);
    }
    const Real* values = args.values.row(b, frame);
    const std::uint8_t* mask = args.mask.empty() ? nullptr : args.mask.row(b, frame);
    for (std::size_t i = stripe.begin; i < stripe.end; ++i) {
      if (values[i] == Real(0) || (mask != nullptr && mask[i] == 0)) continue;
      add_row(args, delay_class, i, args.scale * values[i], frame_sum.data());
    }
  }
}

}  // namespace

template <class Real>
void outer_product(const OuterProductArgs<Real>& args, int threads) {
  const ProjectionView<Real>& block = args.projection;
  if (block.synapse_count() == 0) return;
  const std::size_t post_rows = args.post.shape[0] * args.post.shape[1];
  const auto stripes = static_cast<std::size_t>(threads_for(post_rows * block.post_count / least_work, threads));
  const bool is_binary = are_many_and_binary(args, threads);
#pragma omp parallel for schedule(static) num_threads(static_cast <int>(stripes))
  for (std::size_t s = 0; s < stripes; ++s) {
    const Stripe stripe{block.pre_begin + block.pre_count * s / stripes,
                        block.pre_begin + block.pre_count * (s + 1) / stripes};
    if (is_binary) {
      add_binary(args, stripe);
      continue;
    }
    std::vector<Real> frame_sum(block.post_count);
    EventTimes times(stripe.begin, stripe.end);
    BlockMemory<Real> memory;
    for (std::size_t b = 0; b < args.post.shape[0]; ++b) {
      for (std::size_t c = 0; c < block.class_count(); ++c) {
        if (!args.events.empty() && block.sparse == nullptr) {
          add_events_by_cell(args, b, stripe, times, memory);
        } else if (!args.events.empty()) {
          add_events_by_step(args, c, b, stripe);
        } else {
          add_values(args, c, b, stripe, frame_sum);
        }
      }
    }
  }
  if (!args.zero_diagonal) return;
  for (std::size_t i = 0; i < block.pre_count; ++i) {
    const std::size_t j = block.pre_begin + i - block.post_begin;  // wraps where the cell is outside of the block
    if (j < block.post_count) args.gradient(i, j) = Real(0);
  }
}
template void outer_product<float>(const OuterProductArgs<float>&, int);
template void outer_product<double>(const OuterProductArgs<double>&, int);

}  // namespace spikeweave::cpu
