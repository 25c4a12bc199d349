#include <vector>

#include "host/cpu/operations.hpp"
#include "host/cpu/philox_run.hpp"
#include "spikeweave/core/gaussian.hpp"

namespace spikeweave::cpu {
namespace {

// [samples, pre]
template <class Real>
std::vector<Real> draw_noise(const MirrorArgs<Real>& args) {
  const std::size_t pre = args.projection.pre_count;
  std::vector<Real> noise(args.samples * pre);
  std::vector<std::uint32_t> words((pre + 3) / 4 * 4);
  for (std::size_t s = 0; s < args.samples; ++s) {
    philox_run(args.counter(s, 0), Advance::block, words.size() / 4, random_key(args.seed), words.data());
    for (std::size_t i = 0; i < pre; ++i) noise[s * pre + i] = args.noise * standard_normal<Real>(words[i]);
  }
  return noise;
}

// What the cells behind a dense projection receive, [samples, post].
template <class Real>
std::vector<Real> receive(const ProjectionView<Real>& projection, const std::vector<Real>& noise, std::size_t samples,
                          int threads) {
  const std::size_t pre = projection.pre_count, post = projection.post_count;
  std::vector<Real> received(samples * post, Real(0));
#pragma omp parallel for schedule(static) num_threads(threads_for(samples, threads))
  for (std::size_t s = 0; s < samples; ++s) {
    Real* const to = received.data() + s * post;
    for (std::size_t i = 0; i < pre; ++i) {
      const Real n = noise[s * pre + i];
      const Real* const weights = projection.weights + i * post;
#pragma GCC ivdep
      for (std::size_t j = 0; j < post; ++j) to[j] += n * weights[j];
    }
  }
  return received;
}

template <class Real>
void mirror_dense(const MirrorArgs<Real>& args, const std::vector<Real>& noise, int threads) {
  const std::size_t pre = args.projection.pre_count, post = args.projection.post_count;
  const std::vector<Real> received = receive(args.projection, noise, args.samples, threads);
  const Real rate = args.rate / static_cast<Real>(args.samples);
#pragma omp parallel for schedule(static) num_threads(threads_for(pre, threads))
  for (std::size_t i = 0; i < pre; ++i) {
    std::vector<Real> sum(post, Real(0));
    for (std::size_t s = 0; s < args.samples; ++s) {
      const Real n = noise[s * pre + i];
      const Real* const y = received.data() + s * post;
#pragma GCC ivdep
      for (std::size_t j = 0; j < post; ++j) sum[j] += n * y[j];
    }
    for (std::size_t j = 0; j < post; ++j) {
      Real& back = args.feedback.back[i * args.feedback.row_stride + j * args.feedback.column_stride];
      back = args.decay * back + rate * sum[j];
    }
  }
}

template <class Real>
void mirror_sparse(const MirrorArgs<Real>& args, const std::vector<Real>& noise) {
  const SparseView& synapses = *args.projection.sparse;
  const std::size_t pre = args.projection.pre_count, post = args.projection.post_count;
  const Real rate = args.rate / static_cast<Real>(args.samples);
  std::vector<Real> received(args.samples);
  for (std::size_t j = 0; j < post; ++j) {
    for (std::size_t s = 0; s < args.samples; ++s) {
      received[s] = Real(0);
      for (std::uint32_t k = synapses.column_start[j]; k < synapses.column_start[j + 1]; ++k) {
        received[s] += noise[s * pre + synapses.column_source[k]] * args.projection.weights[synapses.column_synapse[k]];
      }
    }
    for (std::uint32_t k = synapses.column_start[j]; k < synapses.column_start[j + 1]; ++k) {
      Real sum = Real(0);
      for (std::size_t s = 0; s < args.samples; ++s) sum += noise[s * pre + synapses.column_source[k]] * received[s];
      Real& back = args.feedback.back[synapses.column_synapse[k]];
      back = args.decay * back + rate * sum;
    }
  }
}

}  // namespace

template <class Real>
void mirror(const MirrorArgs<Real>& args, int threads) {
  if (args.projection.synapse_count() == 0) return;
  const std::vector<Real> noise = draw_noise(args);
  if (args.projection.sparse != nullptr) {
    mirror_sparse(args, noise);
  } else {
    mirror_dense(args, noise, threads);
  }
}
template void mirror<float>(const MirrorArgs<float>&, int);
template void mirror<double>(const MirrorArgs<double>&, int);

}  // namespace spikeweave::cpu
