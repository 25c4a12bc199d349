#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numbers>

#include "host/record/wav_file.hpp"
#include "host/task/mel_bank.hpp"
#include "host/task/tasks.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/source_folder.hpp"
#include "tests/support/task_trials.hpp"

namespace spikeweave {
namespace {

std::string little(std::uint32_t value, int count) {
  std::string bytes;
  for (int n = 0; n < count; ++n) bytes.push_back(static_cast<char>(static_cast<unsigned char>(value >> 8 * n)));
  return bytes;
}
std::string chunk(const std::string& name, const std::string& content) {
  return name + little(static_cast<std::uint32_t>(content.size()), 4) + content + std::string(content.size() % 2, '\0');
}
std::string format_bytes(std::uint32_t rate, unsigned encoding = 1, unsigned channels = 1, unsigned bits = 16) {
  return little(encoding, 2) + little(channels, 2) + little(rate, 4) + little(rate * channels * bits / 8, 4) +
         little(channels * bits / 8, 2) + little(bits, 2);
}
std::string wav_bytes(std::uint32_t rate, const std::vector<std::int16_t>& samples) {
  std::string data;
  for (const std::int16_t s : samples) data += little(static_cast<std::uint16_t>(s), 2);
  // A chunk that nobody knows, of odd size, stands between.
  const std::string chunks = chunk("fmt ", format_bytes(rate)) + chunk("LIST", "abc") + chunk("data", data);
  return "RIFF" + little(static_cast<std::uint32_t>(4 + chunks.size()), 4) + "WAVE" + chunks;
}
std::vector<std::int16_t> tone(double hertz, double rate, std::size_t count, double amplitude) {
  std::vector<std::int16_t> samples;
  for (std::size_t n = 0; n < count; ++n) {
    const double phase = 2.0 * std::numbers::pi * hertz * static_cast<double>(n) / rate;
    samples.push_back(static_cast<std::int16_t>(std::lround(32767.0 * amplitude * std::sin(phase))));
  }
  return samples;
}

class Audio : public ::testing::Test, protected ScratchFolder {
 protected:
  void expect_wav_error(const std::string& bytes, const std::string& text) const {
    put("x.wav", bytes);
    expect_input_error([&] { read_wav(path("x.wav")); }, path("x.wav") + ": " + text);
  }
  std::unique_ptr<Task> make(const AudioClassificationSettings& settings, double dt = 1.0) const {
    return make_audio_classification(settings, path(""), dt);
  }
  void expect_error(const AudioClassificationSettings& settings, const std::string& text) const {
    expect_input_error([&] { make(settings); }, text);
  }
};

TEST_F(Audio, WavFilesAreRead) {
  put("x.wav", wav_bytes(8000, {0, 1, -1, 32767, -32768}));

  const Sound sound = read_wav(path("x.wav"));

  EXPECT_EQ(sound.rate, 8000u);
  EXPECT_EQ(sound.samples, (std::vector<std::int16_t>{0, 1, -1, 32767, -32768}));
}

TEST_F(Audio, WhatIsNoWavFileOfOneChannelIsRefused) {
  const std::string good = wav_bytes(8000, {1, 2, 3});
  expect_wav_error("", "truncated: 4 bytes from byte 0 on; the file has 0");
  expect_wav_error("RIFX" + good.substr(4), "not a WAV file: expected RIFF at byte 0 and WAVE at byte 8");
  expect_wav_error(good.substr(0, good.size() - 1),
                   "truncated: 6 bytes from byte 56 on; the file has " + std::to_string(good.size() - 1));
  expect_wav_error("RIFF....WAVE" + chunk("fmt ", format_bytes(8000, 1, 2)),
                   "byte 20: encoding 1, 2 channels of 16 bits; allowed is encoding 1 (PCM), 1 channel of 16 bits");
  expect_wav_error("RIFF....WAVE" + chunk("fmt ", format_bytes(8000, 3, 1, 32)),
                   "byte 20: encoding 3, 1 channels of 32");
  expect_wav_error("RIFF....WAVE" + chunk("fmt ", format_bytes(0)), "byte 24: a sampling rate of 0");
  expect_wav_error("RIFF....WAVE" + chunk("data", "ab"), "byte 12: data before their format");
  expect_wav_error("RIFF....WAVE" + chunk("fmt ", format_bytes(8000)), "a WAV file without data");
}

// A tone in the middle of a filter: that channel has the most, its energy is four times that of half the amplitude.
TEST(MelBank, HearsATone) {
  constexpr double rate = 8000.0;
  const MelBank bank(rate, 20, 100.0, 4000.0, 200, 80.0);
  const auto mel = [](double f) { return 2595.0 * std::log10(1.0 + f / 700.0); };
  for (const int wanted : {3, 10, 17}) {
    const double at = mel(100.0) + (mel(4000.0) - mel(100.0)) * (wanted + 1) / 21.0;
    const double hertz = 700.0 * (std::pow(10.0, at / 2595.0) - 1.0);
    const std::vector<float> loud = bank.energies(tone(hertz, rate, 800, 0.8), 10);
    const std::vector<float> soft = bank.energies(tone(hertz, rate, 800, 0.4), 10);
    ASSERT_EQ(loud.size(), 200u);
    for (std::size_t f = 0; f < 7; ++f) {  // later windows end behind the sound
      const auto row = loud.begin() + static_cast<std::ptrdiff_t>(f * 20);
      EXPECT_EQ(std::max_element(row, row + 20) - row, wanted) << f;
      EXPECT_NEAR(loud[f * 20 + static_cast<std::size_t>(wanted)] / soft[f * 20 + static_cast<std::size_t>(wanted)],
                  4.0, 0.01);
    }
  }
}

// By hand: a window of 2 samples is flat, 0.5 each; the filters of 0, 2, 4 Hz at 8 Hz see the bins 0 and 4 Hz alone.
TEST(MelBank, FramesBeginWithinTheSound) {
  const MelBank bank(8.0, 1, 0.0, 4.0, 2, 1.5);
  EXPECT_EQ(bank.frame_count(0), 0u);
  EXPECT_EQ(bank.frame_count(1), 1u);
  EXPECT_EQ(bank.frame_count(2), 1u);  // frame 1 begins at sample 2
  EXPECT_EQ(bank.frame_count(3), 2u);
  EXPECT_EQ(bank.frame_count(4), 3u);  // frame 2 at 3
  const MelBank whole(100.0, 3, 0.0, 50.0, 10, 4.0);
  EXPECT_EQ(whole.energies(std::vector<std::int16_t>(8, 0), 4), std::vector<float>(12, 0.0f));
}

class AudioTask : public Audio {
 protected:
  AudioTask() {
    put("low.wav", wav_bytes(8000, tone(300, 8000, 800, 0.5)));
    put("high.wav", wav_bytes(8000, tone(3000, 8000, 1201, 0.1)));
    put("silent.wav", wav_bytes(8000, std::vector<std::int16_t>(80, 0)));
    put("list.txt", "low.wav 0\n# a comment\nhigh.wav 1\nsilent.wav 1\n");
    settings.train.file = "list.txt";
    settings.classes = 2;
    settings.channels = 8;
  }
  AudioClassificationSettings settings;
};

TEST_F(AudioTask, LevelsAreRelativeToTheLoudest) {
  settings.quiet = -1.0;
  settings.loud = 3.0;
  const auto task = make(settings);

  EXPECT_EQ(task->shape().inputs, 8u);
  EXPECT_EQ(task->shape().max_steps, 160u);  // 1201 samples: 16 frames of 10 ms
  EXPECT_EQ(task->trial_count(Split::train), 3u);
  const Trial low = one_trial(*task, Split::train, 0), high = one_trial(*task, Split::train, 1);
  EXPECT_EQ(low.segment.size(), 100u);
  EXPECT_EQ(*std::max_element(low.intensity.begin(), low.intensity.end()), 3.0f);
  EXPECT_EQ(*std::max_element(high.intensity.begin(), high.intensity.end()), 3.0f);
  EXPECT_EQ(*std::min_element(low.intensity.begin(), low.intensity.end()), -1.0f);
  EXPECT_GT(low.intensity[8 * 3 + 1], low.intensity[8 * 3 + 6]);
  EXPECT_LT(high.intensity[8 * 3 + 1], high.intensity[8 * 3 + 6]);
  EXPECT_EQ(one_trial(*task, Split::train, 2).intensity, std::vector<float>(8, -1.0f));
  EXPECT_EQ(high.target_class, (std::vector<std::int32_t>{1}));
  expect_pure(*task, Split::train, {2, 0, 1});
}

TEST_F(AudioTask, TrialsMayHaveOneLength) {
  settings.frames = 12;
  settings.window_steps = 15;
  const auto task = make(settings, 0.5);

  EXPECT_EQ(task->shape().max_steps, 120u);
  const Trial low = one_trial(*task, Split::train, 0);  // frames of 5 ms
  ASSERT_EQ(low.intensity.size(), 12u * 8);
  EXPECT_EQ(std::count(low.segment.begin(), low.segment.end(), 0), 15);
  const Trial silent = one_trial(*task, Split::train, 2);
  EXPECT_EQ(silent.intensity, std::vector<float>(96, 0.0f));
}

TEST_F(AudioTask, WhatDoesNotFitIsNamed) {
  settings.classes = 2;
  settings.window_steps = 11;
  expect_error(settings, "/task/window_steps: 11 is more than the 10 steps of the shortest trial");
  settings.window_steps = 0;
  settings.high = 4001.0;
  expect_error(settings, "/task/high: 4001 Hz is more than half the sampling rate, 8000 Hz");
  settings.high = 4000.0;
  put("silent.wav", wav_bytes(16000, {1}));
  expect_error(settings, path("silent.wav") + ": a sampling rate of 16000 Hz; the first recording has 8000 Hz");
  put("silent.wav", wav_bytes(8000, {}));
  expect_error(settings, path("silent.wav") + ": a recording without samples");
  put("list.txt", "low.wav 2\n");
  expect_error(settings, path("list.txt") + ": line 1: class 2; 0 to 1 are allowed (/task/classes)");
  put("list.txt", "none.wav 1\n");
  expect_error(settings, path("none.wav") + ": cannot open: No such file or directory");
  put("list.txt", "");
  expect_error(settings, "/task/train/first: recordings 0 to 0 of " + path("list.txt") + "; it has 0");
}

// The test recordings of the Free Spoken Digit Dataset: the indices 0 to 4 of six speakers and ten digits.
TEST_F(Audio, SpokenDigitsAreRead) {
  const std::string archive = test::source_folder() + "/../shared/data/fsdd/fsdd_recordings.tar.gz";
  if (!std::filesystem::exists(archive)) GTEST_SKIP() << archive << " is not there";
  ASSERT_EQ(std::system(("tar xzf " + archive + " -C " + path("") + " --wildcards '*_[0-4].wav'").c_str()), 0);
  std::ofstream list(path("list.txt"));
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path(""))) {
    if (entry.path().extension() != ".wav") continue;
    list << std::filesystem::relative(entry.path(), path("")).string() << ' ' << entry.path().filename().string()[0]
         << '\n';
    ++count;
  }
  list.close();
  EXPECT_EQ(count, 300u);
  const auto task = make({.train = {.file = "list.txt"}});

  EXPECT_EQ(task->trial_count(Split::train), 300u);
  EXPECT_GT(task->shape().max_steps, 500u);
  const Trial first = one_trial(*task, Split::train, 0);
  EXPECT_EQ(*std::max_element(first.intensity.begin(), first.intensity.end()), 0.1f);
}

}  // namespace
}  // namespace spikeweave
