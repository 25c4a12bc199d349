#include <algorithm>
#include <array>

#include "host/cpu/operations.hpp"
#include "spikeweave/core/sampling.hpp"

namespace spikeweave::cpu {
namespace {

constexpr std::size_t lanes = 4;  // random words of one Philox block
constexpr std::size_t tile = 64;  // steps drawn at once, so that the rounds run on whole vector registers

// The words of one block of four cells in `steps` steps from `first` on, one array per lane.
struct BlockWords {
  std::array<std::array<std::uint32_t, tile>, lanes> lane;

  void draw(std::uint32_t block, std::uint32_t trial, std::size_t first, std::size_t steps, PhiloxKey key) {
#pragma GCC ivdep
    for (std::size_t s = 0; s < steps; ++s) {
      const PhiloxCounter w = philox4x32_10(
          random_counter(Purpose::input_spikes, 0, block, trial, static_cast<std::uint32_t>(first + s)), key);
      lane[0][s] = w.x;
      lane[1][s] = w.y;
      lane[2][s] = w.z;
      lane[3][s] = w.w;
    }
  }
};

// poisson_count() of a tile of words, bound by bound so that the words fill vector registers.
void poisson_counts(const PoissonTable& table, const std::array<std::uint32_t, tile>& words,
                    std::array<std::uint8_t, tile>& counts, std::size_t steps) {
  std::array<float, tile> u;
  std::array<std::uint32_t, tile> reached{};
  for (std::size_t s = 0; s < tile; ++s) u[s] = static_cast<float>(static_cast<std::int32_t>(words[s] >> 8));
  for (std::uint32_t k = 0; k < table.size(); ++k) {
    const float bound = table.bound(k) * 16777216.0f;  // 2^24: exact
    for (std::size_t s = 0; s < tile; ++s) reached[s] += u[s] >= bound ? 1u : 0u;
  }
  for (std::size_t s = 0; s < steps; ++s) counts[s] = static_cast<std::uint8_t>(reached[s]);
}

void encode_frame(const EncodeArgs& args, std::size_t b, std::size_t frame, std::size_t end) {
  const std::size_t inputs = args.events.shape[2];
  const float* intensity = args.intensity.row(b, frame);
  const PhiloxKey key = random_key(args.keys.seed);
  BlockWords words{};
  PoissonTable table(0.0f);
  std::array<std::uint8_t, tile> counts{};
  for (std::size_t begin = 0; begin < inputs; begin += lanes) {
    const std::size_t cells = std::min(lanes, inputs - begin);
    if (std::all_of(intensity + begin, intensity + begin + cells, [](float p) { return p <= 0.0f; })) continue;
    for (std::size_t first = frame * args.frame_steps; first < end; first += tile) {
      const std::size_t steps = std::min(tile, end - first);
      words.draw(static_cast<std::uint32_t>(begin / lanes), args.keys.trial[b], first, steps, key);
      for (std::size_t cell = 0; cell < cells; ++cell) {
        const float p = intensity[begin + cell];
        if (p <= 0.0f) continue;
        if (args.encoding == Encoding::poisson) {
          if (p != table.lambda()) table = PoissonTable(p);
          poisson_counts(table, words.lane[cell], counts, steps);
        } else {
          const std::uint64_t threshold = bernoulli_threshold(p);
          for (std::size_t s = 0; s < steps; ++s) {
            counts[s] = static_cast<std::uint8_t>(words.lane[cell][s] < threshold);
          }
        }
        std::uint8_t* out = args.events.row(b, first) + begin + cell;
        for (std::size_t s = 0; s < steps; ++s) out[s * inputs] = counts[s];
      }
    }
  }
}

}  // namespace

void encode(const EncodeArgs& args, int threads) {
  const std::size_t batch = args.events.shape[0];
  const std::size_t row = args.events.shape[1] * args.events.shape[2];
#pragma omp parallel for schedule(dynamic) num_threads(threads_for(batch, threads))
  for (std::size_t b = 0; b < batch; ++b) {
    std::fill_n(args.events.row(b), row, std::uint8_t{0});
    const auto length = static_cast<std::size_t>(args.length[b]);
    for (std::size_t frame = 0; frame * args.frame_steps < length; ++frame) {
      encode_frame(args, b, frame, std::min(length, (frame + 1) * args.frame_steps));
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
    for (std::size_t f = 0; f < frames; ++f) {
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
    std::uint64_t sum = 0;
    for (std::size_t t = 0; t < static_cast<std::size_t>(args.length[b]); ++t) {
      const std::uint8_t* row = args.spikes.row(b, t);
      for (std::size_t j = 0; j < args.spikes.shape[2]; ++j) {
        if (row[j] != 0) sum += spike_hash(t, j);
      }
    }
    args.digest[b] = sum;
  }
}

}  // namespace spikeweave::cpu
