// Sequence prediction: sequences of elements, each shown by the spikes of its own group of neurons; given the start of
// one, which element comes next?
//
// A training trial shows one sequence and then silence. A test trial is cued with the first k elements, during which
// the groups fire as the task says and in no other way, so that the voltages hold the drive of the cue alone; then the
// network runs freely. Segment k-1 is the window of the k-th element, its class the group of the next one.
// Metrics: drive_accuracy: the group, but the shown one, with the largest mean voltage at the window's end;
// readout_accuracy: the largest mean output over the window, likewise; accuracy: the latter where there is a readout;
// replay: the group that fires most in each window after the cue. Equal ones share the point. In training the
// accuracies are those of every window of the sequence, and the voltages hold the drive of the network's own spikes
// too. Random streams: 0 on, 1 background, 2 jitter; frozen 0 patterns.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "host/task/tasks.hpp"
#include "host/task/trial_layout.hpp"
#include "host/task/trial_random.hpp"

namespace spikeweave {
namespace {

constexpr std::uint8_t fires = 1, silent = 2;  // TrialBatch::forced

// The share of a point that `wanted` gets: 1 over the number of the largest, 0 if it is not among them.
double share_of(const std::vector<double>& values, std::size_t excluded, std::size_t wanted) {
  double tied = 0.0;
  for (std::size_t g = 0; g < values.size(); ++g) {
    if (g == excluded) continue;
    if (!(values[g] <= values[wanted])) return 0.0;
    tied += values[g] == values[wanted] ? 1.0 : 0.0;
  }
  return 1.0 / tied;
}

class SequencePrediction final : public Task {
 public:
  SequencePrediction(const SequencePredictionSettings& settings, std::uint64_t seed)
      : settings_(settings),
        seed_(seed),
        group_size_(static_cast<std::size_t>(settings.group_size)),
        window_(static_cast<std::size_t>(settings.element_steps)) {
    std::string letters;
    for (const std::string& word : settings.sequences) {
      std::vector<std::size_t>& sequence = sequences_.emplace_back();
      for (const char letter : word) {
        if (letters.find(letter) == std::string::npos) letters += letter;
        sequence.push_back(letters.find(letter));
      }
      longest_ = std::max(longest_, word.size());
      for (std::size_t cued = 1; cued < word.size(); ++cued) cues_.push_back({sequences_.size() - 1, cued});
    }
    group_count_ = letters.size();
  }

  TaskShape shape() const override {
    return {.inputs = 0,
            .outputs = settings_.has_outputs() ? group_count_ : 0,
            .frame_steps = 1,
            .max_steps = longest_ * window_ + static_cast<std::size_t>(settings_.silence_steps),
            .loss = LossKind::softmax,
            .encoding = Encoding::events,
            .cells = group_count_ * group_size_,
            .state = "v"};
  }

  std::size_t trial_count(Split split) const override { return generated_trial_count(settings_.evaluation, split); }

  // Training goes through the sequences in turn, evaluation through all cues of all sequences.
  void fill(Split split, std::span<const std::uint64_t> ids, TrialBatch& batch) const override {
    if (split != Split::train) expect_ids_below(ids, trial_count(split));
    const bool training = split == Split::train;
    const std::size_t after = training ? static_cast<std::size_t>(settings_.silence_steps) : 0;
    reset_batch(batch, shape(), ids.size(), longest_ * window_ + after, longest_ - 1);
    batch.kind.assign(ids.size(), 0);
    for (std::size_t b = 0; b < ids.size(); ++b) {
      batch.kind[b] =
          static_cast<std::uint32_t>(training ? cues_.size() + ids[b] % sequences_.size() : ids[b] % cues_.size());
      const Cue cue = cue_of(batch.kind[b]);
      const std::vector<std::size_t>& sequence = sequences_[cue.sequence];
      batch.length[b] = static_cast<std::int32_t>(sequence.size() * window_ + after);
      for (std::size_t k = 0; k + 1 < sequence.size(); ++k) {
        batch.target_class[b * batch.segments + k] = static_cast<std::int32_t>(sequence[k + 1]);
        if (!training && k + 1 != cue.cued) continue;
        std::fill_n(batch.segment.begin() + static_cast<std::ptrdiff_t>(b * batch.steps + k * window_), window_,
                    static_cast<std::int32_t>(k));
      }
      show(split, ids[b], sequence, cue.cued, !training, batch, b);
      add_background(split, ids[b], batch, b);
    }
  }

  void score(const TrialBatch& batch, const TrialResult& result, Score& score) const override {
    for (std::size_t b = 0; b < batch.batch; ++b) {
      const Cue cue = cue_of(batch.kind[b]);
      const std::vector<std::size_t>& sequence = sequences_[cue.sequence];
      for (std::size_t k = 0; k + 1 < sequence.size(); ++k) {
        const std::size_t last = b * batch.steps + (k + 1) * window_ - 1;
        if (batch.segment[last] != static_cast<std::int32_t>(k)) continue;
        const double drive = share_of(group_sums(result.state, last, 1), sequence[k], sequence[k + 1]);
        score.add("drive_accuracy", drive, 1.0);
        double answer = drive;
        if (settings_.has_outputs()) {
          const float* output = &result.segment_output[(b * batch.segments + k) * group_count_];
          answer = share_of({output, output + group_count_}, sequence[k], sequence[k + 1]);
          score.add("readout_accuracy", answer, 1.0);
        }
        score.add("accuracy", answer, 1.0);
        if (sequences_.size() > 1) {
          score.add("accuracy_" + settings_.sequences[cue.sequence], answer, 1.0);
          score.add("accuracy_after_" + std::to_string(k + 1), answer, 1.0);
        }
      }
      score_replay(batch, result, cue, b, score);
    }
  }
  std::string main_metric() const override { return "accuracy"; }
  bool larger_is_better() const override { return true; }

 private:
  struct Cue {
    std::size_t sequence;
    std::size_t cued;  // elements
  };

  // TrialBatch::kind: one of the cues, or, beyond them, a whole sequence.
  Cue cue_of(std::uint32_t kind) const {
    if (kind < cues_.size()) return cues_[kind];
    return {kind - cues_.size(), sequences_[kind - cues_.size()].size()};
  }

  std::size_t cells() const { return group_count_ * group_size_; }

  // Per group, the sum over its cells and over `steps` steps from row `first` on; values: [batch * steps, cells].
  template <class T>
  std::vector<double> group_sums(const std::vector<T>& values, std::size_t first, std::size_t steps) const {
    std::vector<double> sums(group_count_, 0.0);
    for (std::size_t row = first; row < first + steps; ++row) {
      for (std::size_t i = 0; i < cells(); ++i) {
        sums[i / group_size_] += static_cast<double>(values[row * cells() + i]);
      }
    }
    return sums;
  }

  // The windows after the cue, in which the network ran freely.
  void score_replay(const TrialBatch& batch, const TrialResult& result, const Cue& cue, std::size_t b,
                    Score& score) const {
    const std::vector<std::size_t>& sequence = sequences_[cue.sequence];
    for (std::size_t k = cue.cued; k < sequence.size(); ++k) {
      const std::vector<double> spikes = group_sums(result.spikes, b * batch.steps + k * window_, window_);
      score.add("replay", share_of(spikes, group_count_, sequence[k]), 1.0);
    }
  }

  // Writes the spikes of the first `shown` elements. exclusive: in these steps the cells do not fire by themselves.
  void show(Split split, std::uint64_t id, const std::vector<std::size_t>& sequence, std::size_t shown, bool exclusive,
            TrialBatch& batch, std::size_t b) const {
    std::uint8_t* const forced = batch.forced.data() + b * batch.steps * cells();
    if (exclusive) std::fill_n(forced, shown * window_ * cells(), silent);
    const TrialRandom on(seed_, split, id, 0);
    const TrialRandom jitter(seed_, split, id, 2);
    for (std::size_t k = 0; k < shown; ++k) {
      for (std::size_t n = 0; n < window_ * group_size_; ++n) {
        const std::uint64_t draw = k * window_ * group_size_ + n;
        auto step = static_cast<std::ptrdiff_t>(n / group_size_);
        if (settings_.pattern == ElementPattern::bernoulli) {
          if (on.uniform(draw) >= settings_.on_probability) continue;
        } else {
          const RandomStream frozen = frozen_random(settings_.pattern_seed, 0);
          if (frozen.uniform(sequence[k] * window_ * group_size_ + n) >= settings_.on_probability) continue;
          if (settings_.jitter > 0.0) step += std::lround(settings_.jitter * jitter.normal(draw));
          if (step < 0 || step >= static_cast<std::ptrdiff_t>(window_)) continue;
        }
        forced[(k * window_ + static_cast<std::size_t>(step)) * cells() + sequence[k] * group_size_ + n % group_size_] =
            fires;
      }
    }
  }

  void add_background(Split split, std::uint64_t id, TrialBatch& batch, std::size_t b) const {
    if (settings_.background_probability == 0.0) return;
    const TrialRandom random(seed_, split, id, 1);
    std::uint8_t* const forced = batch.forced.data() + b * batch.steps * cells();
    for (std::size_t n = 0; n < static_cast<std::size_t>(batch.length[b]) * cells(); ++n) {
      if (random.uniform(n) < settings_.background_probability) forced[n] = fires;
    }
  }

  SequencePredictionSettings settings_;
  std::uint64_t seed_;
  std::size_t group_size_, window_;  // neurons, steps
  std::size_t group_count_ = 0;
  std::size_t longest_ = 0;                          // elements
  std::vector<std::vector<std::size_t>> sequences_;  // groups in order
  std::vector<Cue> cues_;
};

}  // namespace

std::unique_ptr<Task> make_sequence_prediction(const SequencePredictionSettings& settings, std::uint64_t seed) {
  return std::make_unique<SequencePrediction>(settings, seed);
}

}  // namespace spikeweave
