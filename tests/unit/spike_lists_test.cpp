#include "host/cpu/spike_lists.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace spikeweave::cpu {
namespace {

using Sent = std::vector<std::pair<std::size_t, float>>;

Sent sent_at(const SpikeLists<float>& lists, std::int64_t t) {
  Sent sent;
  lists.for_each(t, [&](std::size_t cell, float value) { sent.emplace_back(cell, value); });
  return sent;
}

TEST(SpikeLists, HoldWhatCellsSentInRowsOfAnySize) {
  for (const std::size_t count : {0u, 1u, 31u, 32u, 33u, 64u, 100u}) {
    for (const std::size_t distance : {1u, 3u, 40u}) {  // of the active cells
      std::vector<float> row(count, 0.0f);
      Sent expected;
      for (std::size_t i = distance / 2; i < count; i += distance) {
        row[i] = i % 2 == 0 ? -0.5f : 1e-40f;  // denormal numbers are sent too
        expected.emplace_back(i, row[i]);
      }
      SpikeLists<float> lists(2);
      lists.add(7, row.data(), count);

      EXPECT_EQ(sent_at(lists, 7), expected) << count << " cells, every " << distance;
    }
  }
}

TEST(SpikeLists, KeepTheLastSteps) {
  const std::vector<std::uint8_t> spikes{0, 1, 0, 0, 0, 0, 0, 0, 0, 1};
  const std::vector<float> values{0.5f, 0.0f};
  SpikeLists<float> lists(1);
  lists.add(0, spikes.data(), spikes.size());
  lists.add(1, values.data(), values.size());

  EXPECT_EQ(sent_at(lists, 0), (Sent{{1, 1.0f}, {9, 1.0f}}));
  EXPECT_EQ(sent_at(lists, 1), (Sent{{0, 0.5f}}));

  lists.add(2, values.data(), 1);
  EXPECT_EQ(sent_at(lists, 2), (Sent{{0, 0.5f}}));
}

}  // namespace
}  // namespace spikeweave::cpu
