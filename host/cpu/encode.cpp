#include <algorithm>
#include <array>

#include "host/cpu/operations.hpp"
#include "host/cpu/philox_run.hpp"
#include "spikeweave/core/exponential.hpp"
#include "spikeweave/core/sampling.hpp"

namespace spikeweave::cpu {
namespace {

constexpr std::size_t lanes = 4;  // random words of one Philox block
constexpr std::size_t tile = 64;  // steps drawn at once: their words stay in the cache

// poisson_count for many words of one mean: the cumulative distribution is kept, as far as a word has reached.
class PoissonTable {
 public:
  void set_mean(float lambda) {
    if (lambda == lambda_) return;
    lambda_ = lambda;
    cumulative_ = term_ = portable_exp(-lambda);
    size_ = 0;
  }

  std::uint32_t count(std::uint32_t word) {
    const float u = poisson_uniform(word);
    std::uint32_t count = 0;
    while ((count < size_ || extend()) && u >= bounds_[count]) ++count;
    return count;
  }

 private:
  bool extend() {
    if (size_ == max_poisson_count || term_ <= 0.0f) return false;
    bounds_[size_++] = cumulative_;
    term_ *= lambda_ / static_cast<float>(size_);
    cumulative_ += term_;
    return true;
  }

  float lambda_ = 0.0f;
  float term_ = 1.0f;
  float cumulative_ = 1.0f;
  std::uint32_t size_ = 0;
  std::array<float, max_poisson_count> bounds_;
};

// The events of one cell in `steps` steps; words: one for each step, `lanes` apart. out: zeros, `stride` apart.
void encode_cell(Encoding encoding, float p, PoissonTable& poisson, const std::uint32_t* words, std::size_t steps,
                 std::uint8_t* out, std::size_t stride) {
  if (encoding == Encoding::poisson) {
    poisson.set_mean(p);
    for (std::size_t s = 0; s < steps; ++s) {
      out[s * stride] = static_cast<std::uint8_t>(poisson.count(words[s * lanes]));
    }
  } else {
    const std::uint64_t threshold = bernoulli_threshold(p);
    for (std::size_t s = 0; s < steps; ++s) {
      if (words[s * lanes] < threshold) out[s * stride] = 1;
    }
  }
}

// The steps from begin to end, of one frame.
void encode_frame(const EncodeArgs& args, std::size_t b, std::size_t frame, std::size_t begin_step, std::size_t end) {
  const std::size_t inputs = args.events.shape[2];
  const float* intensity = args.intensity.row(b, frame);
  const PhiloxKey key = random_key(args.keys.seed);
  std::array<std::uint32_t, lanes * tile> words;
  PoissonTable poisson;
  for (std::size_t begin = 0; begin < inputs; begin += lanes) {
    const std::size_t cells = std::min(lanes, inputs - begin);
    if (std::all_of(intensity + begin, intensity + begin + cells, [](float p) { return p <= 0.0f; })) continue;
    for (std::size_t first = begin_step; first < end; first += tile) {
      const std::size_t steps = std::min(tile, end - first);
      const PhiloxCounter counter = random_counter(Purpose::input_spikes, 0, static_cast<std::uint32_t>(begin / lanes),
                                                   args.keys.trial[b], static_cast<std::uint32_t>(first));
      philox_run(counter, Advance::step, steps, key, words.data());
      for (std::size_t cell = 0; cell < cells; ++cell) {
        const float p = intensity[begin + cell];
        if (p <= 0.0f) continue;
        encode_cell(args.encoding, p, poisson, words.data() + cell, steps, args.events.row(b, first) + begin + cell,
                    inputs);
      }
    }
  }
}

}  // namespace

void encode(const EncodeArgs& args, int threads) {
  const std::size_t batch = args.events.shape[0];
  const StepWindow window{args.window.begin, args.window.end_or(args.events.shape[1])};
  if (window.begin >= window.end) return;
#pragma omp parallel for schedule(dynamic) num_threads(threads_for(batch, threads))
  for (std::size_t b = 0; b < batch; ++b) {
    std::fill_n(args.events.row(b, window.begin), (window.end - window.begin) * args.events.shape[2], std::uint8_t{0});
    const std::size_t end = window.end_in(static_cast<std::size_t>(args.length[b]));
    for (std::size_t frame = window.begin / args.frame_steps; frame * args.frame_steps < end; ++frame) {
      encode_frame(args, b, frame, std::max(window.begin, frame * args.frame_steps),
                   std::min(end, (frame + 1) * args.frame_steps));
    }
  }
}

void dropout(const DropoutArgs& args, int threads) {
  const std::size_t batch = args.mask.shape[0];
  const std::size_t frames = args.mask.shape[1];
  const std::size_t cells = args.mask.shape[2];
  const std::uint64_t threshold = bernoulli_threshold(static_cast<float>(args.drop_probability));
  const PhiloxKey key = random_key(args.keys.seed);
#pragma omp parallel for schedule(static) num_threads(threads_for(batch, threads))
  for (std::size_t b = 0; b < batch; ++b) {
    for (std::size_t f = args.first_frame; f < args.first_frame + frames; ++f) {
      std::uint8_t* mask = args.mask.row(b, f);
      for (std::size_t begin = 0; begin < cells; begin += lanes) {
        const PhiloxCounter words =
            philox4x32_10(random_counter(args.purpose, 0, static_cast<std::uint32_t>(begin / lanes), args.keys.trial[b],
                                         static_cast<std::uint32_t>(f)),
                          key);
        for (std::size_t i = begin; i < std::min(begin + lanes, cells); ++i) {
          mask[i] = word_of(words, static_cast<std::uint32_t>(i - begin)) < threshold ? 0 : 1;
        }
      }
    }
  }
}

void spike_digest(const SpikeDigestArgs& args, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads_for(args.spikes.shape[0], threads))
  for (std::size_t b = 0; b < args.spikes.shape[0]; ++b) {
    std::uint64_t sum = args.window.begin > 0 ? args.digest[b] : 0;
    for (std::size_t t = args.window.begin; t < args.window.end_in(static_cast<std::size_t>(args.length[b])); ++t) {
      const std::uint8_t* row = args.spikes.row(b, t);
      for (std::size_t j = 0; j < args.spikes.shape[2]; ++j) {
        if (row[j] != 0) sum += spike_hash(t, j);
      }
    }
    args.digest[b] = sum;
  }
}

}  // namespace spikeweave::cpu
