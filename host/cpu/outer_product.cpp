// Threads share the presynaptic rows of the gradient among them: every element is summed by one thread over trials and
// steps in ascending order, so the bits do not depend on the thread count, and a thread's stripe stays in its cache.
#include <algorithm>
#include <vector>

#include "host/cpu/active_list.hpp"
#include "host/cpu/operations.hpp"
#include "host/cpu/propagation.hpp"

namespace spikeweave::cpu {
namespace {

constexpr std::size_t least_work =
    500'000;  // post factors read per thread; fewer take less time than a parallel region

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

template <class Real>
void add_events(const OuterProductArgs<Real>& args, std::size_t delay_class, std::size_t b, Stripe stripe) {
  const std::size_t pre_delay = args.projection.delay_of(delay_class) - args.post_delay;
  for (std::size_t t = std::max(pre_delay, args.post_delay); t < static_cast<std::size_t>(args.length[b]); ++t) {
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

// The values are constant within a frame, so the post factors of its steps are added up first.
template <class Real>
void add_values(const OuterProductArgs<Real>& args, std::size_t delay_class, std::size_t b, Stripe stripe,
                std::vector<Real>& frame_sum) {
  const ProjectionView<Real>& block = args.projection;
  const auto length = static_cast<std::size_t>(args.length[b]);
  const std::size_t pre_delay = args.projection.delay_of(delay_class) - args.post_delay;
  for (std::size_t begin = 0; begin + pre_delay < length; begin += args.frame_steps) {
    const std::size_t frame = begin / args.frame_steps;
    std::fill(frame_sum.begin(), frame_sum.end(), Real(0));
    const std::size_t end = std::min(begin + args.frame_steps + pre_delay, length);
    for (std::size_t t = std::max(begin + pre_delay, args.post_delay); t < end; ++t) {
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
  const std::size_t post_rows = args.post.shape[0] * args.post.shape[1];
  const auto stripes = static_cast<std::size_t>(threads_for(post_rows * block.post_count / least_work, threads));
#pragma omp parallel for schedule(static) num_threads(static_cast <int>(stripes))
  for (std::size_t s = 0; s < stripes; ++s) {
    const Stripe stripe{block.pre_begin + block.pre_count * s / stripes,
                        block.pre_begin + block.pre_count * (s + 1) / stripes};
    std::vector<Real> frame_sum(block.post_count);
    for (std::size_t b = 0; b < args.post.shape[0]; ++b) {
      for (std::size_t c = 0; c < block.class_count(); ++c) {
        if (!args.events.empty()) {
          add_events(args, c, b, stripe);
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
