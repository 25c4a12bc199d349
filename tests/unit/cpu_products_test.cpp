// The CPU's products beside plain loops.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "host/cpu/binary_outer_product.hpp"
#include "host/cpu/gathered_product.hpp"
#include "host/cpu/real_product.hpp"
#include "spikeweave/core/random.hpp"

namespace spikeweave::cpu {
namespace {

class Draws {
 public:
  explicit Draws(std::size_t stream) : random_(1, Purpose::task, static_cast<std::uint32_t>(stream)) {}
  template <class Real>
  std::vector<Real> numbers(std::size_t count) {
    std::vector<Real> all(count);
    for (Real& value : all) value = static_cast<Real>(random_.uniform(n_++) - 0.5);
    return all;
  }
  // most: the largest; each is 0 but for this share.
  std::vector<std::uint8_t> counts(std::size_t count, double share, int most) {
    std::vector<std::uint8_t> all(count);
    for (std::uint8_t& value : all) {
      const double drawn = random_.uniform(n_++);
      value = drawn < share ? static_cast<std::uint8_t>(1 + static_cast<int>(drawn / share * most)) : 0;
    }
    return all;
  }

 private:
  RandomStream random_;
  std::uint64_t n_ = 0;
};

constexpr double shares[] = {0.0, 0.03, 0.5, 1.0};

template <class Real>
void expect_sums_in_order(std::size_t rows, std::size_t cells, std::size_t count, double share, int most) {
  Draws draw(rows + cells + count);
  const std::size_t stride = count + 3;
  const auto w = draw.numbers<Real>(cells * stride), second = draw.numbers<Real>(5 * 4);
  const auto counts = draw.counts(rows * cells, share, most), mask = draw.counts(rows * cells, 0.7, 1);
  std::vector<ActiveRow> active, few;
  std::vector<Real> expected(rows * count);
  for (std::size_t m = 0; m < rows; ++m) {
    if (m % 5 == 4) {
      active.push_back({nullptr, nullptr});
    } else {
      active.push_back({counts.data() + m * cells, m % 2 == 0 ? mask.data() + m * cells : nullptr});
    }
    few.push_back({counts.data(), nullptr});
    for (std::size_t i = 0; i < cells; ++i) {
      if (m % 5 == 4 || counts[m * cells + i] == 0 || (m % 2 == 0 && mask[m * cells + i] == 0)) continue;
      const auto x = static_cast<Real>(counts[m * cells + i]);
      for (std::size_t j = 0; j < count; ++j) expected[m * count + j] += x * w[i * stride + j];
    }
    for (std::size_t i = 0; i < std::min<std::size_t>(5, cells); ++i) {
      for (std::size_t j = 2; j < std::min<std::size_t>(6, count) && counts[i] != 0; ++j) {
        expected[m * count + j] += static_cast<Real>(counts[i]) * second[i * 4 + j - 2];
      }
    }
  }
  std::vector<Real> actual(rows * count, Real(9));

  GatheredProduct<Real> product;
  product.start(rows, count, actual.data(), count);
  product.add(active, cells, w.data(), stride, 0, count);
  if (count > 2)
    product.add(few, std::min<std::size_t>(5, cells), second.data(), 4, 2, std::min<std::size_t>(4, count - 2));
  product.finish();

  EXPECT_EQ(actual, expected) << rows << " rows, " << cells << " cells, " << count << " columns, share " << share;
}

TEST(GatheredProduct, HasTheBitsOfOneRowAfterTheOther) {
  for (const std::size_t rows : {0u, 1u, 13u}) {
    for (const std::size_t cells : {1u, 63u, 64u, 65u, 700u}) {
      for (const std::size_t count : {1u, 7u, 95u, 96u, 97u, 230u}) {
        for (const double share : shares) {
          expect_sums_in_order<float>(rows, cells, count, share, 1);
          expect_sums_in_order<double>(rows, cells, count, share, 3);
        }
      }
    }
  }
}

template <class Real>
void expect_near(const std::vector<Real>& actual, const std::vector<double>& expected, const std::string& label) {
  const double bound = sizeof(Real) == sizeof(float) ? 1e-5 : 1e-13;  // sums of up to 1000 numbers below 1
  double worst = 0.0;
  for (std::size_t n = 0; n < expected.size(); ++n) {
    worst = std::max(worst, std::abs(static_cast<double>(actual[n]) - expected[n]));
  }
  EXPECT_LE(worst, bound) << label;
}

template <class Real>
void expect_outer_product(std::size_t rows, std::size_t cells, std::size_t count, double share) {
  Draws draw(rows + cells + count);
  const auto factors = draw.numbers<Real>(rows * count), start = draw.numbers<Real>(cells * (count + 1));
  const auto bits = draw.counts(rows * cells, share, 1), mask = draw.counts(rows * cells, 0.7, 1);
  std::vector<double> expected(start.begin(), start.end());
  std::vector<BinaryRow<Real>> all;
  for (std::size_t m = 0; m < rows; ++m) {
    const bool has_mask = m % 3 == 0;
    all.push_back({bits.data() + m * cells, has_mask ? mask.data() + m * cells : nullptr, factors.data() + m * count});
    for (std::size_t i = 0; i < cells; ++i) {
      if (bits[m * cells + i] == 0 || (has_mask && mask[m * cells + i] == 0)) continue;
      for (std::size_t j = 0; j < count; ++j) {
        expected[i * (count + 1) + j] += 0.5 * static_cast<double>(factors[m * count + j]);
      }
    }
  }
  std::vector<Real> actual = start;

  BinaryOuterProduct<Real>().add(all, cells, count, Real(0.5), actual.data(), count + 1);

  expect_near(actual, expected,
              std::to_string(rows) + " rows, " + std::to_string(cells) + " cells, " + std::to_string(count) +
                  " columns, share " + std::to_string(share));
}

TEST(BinaryOuterProduct, IsTheSumOfTheRowsWithABit) {
  for (const std::size_t rows : {0u, 1u, 4u, 47u, 49u, 970u}) {
    for (const std::size_t cells : {1u, 33u}) {
      for (const std::size_t count : {1u, 15u, 32u, 33u}) {
        for (const double share : shares) {
          expect_outer_product<float>(rows, cells, count, share);
          expect_outer_product<double>(rows, cells, count, share);
        }
      }
    }
  }
}

// Threads take stripes of the cells, each with the bits of the whole.
TEST(BinaryOuterProduct, HasTheSameBitsForAPartOfTheCells) {
  Draws draw(1);
  const auto factors = draw.numbers<float>(100 * 40);
  const auto bits = draw.counts(100 * 60, 0.5, 1);
  std::vector<BinaryRow<float>> all, part;
  for (std::size_t m = 0; m < 100; ++m) {
    all.push_back({bits.data() + m * 60, nullptr, factors.data() + m * 40});
    part.push_back({bits.data() + m * 60 + 21, nullptr, factors.data() + m * 40});
  }
  std::vector<float> whole(60 * 40), some(17 * 40);

  BinaryOuterProduct<float>().add(all, 60, 40, 1.0f, whole.data(), 40);
  BinaryOuterProduct<float>().add(part, 17, 40, 1.0f, some.data(), 40);

  EXPECT_TRUE(std::equal(some.begin(), some.end(), whole.begin() + 21 * 40));
}

template <class Real>
void expect_product(std::size_t rows, std::size_t depth, std::size_t count) {
  Draws draw(rows + depth + count);
  const std::size_t stride = depth + 2;
  const auto x = draw.numbers<Real>(rows * depth), w = draw.numbers<Real>(count * stride);
  const auto start = draw.numbers<Real>(rows * count);
  std::vector<double> expected(start.begin(), start.end());
  std::vector<Real> actual = start;
  std::vector<const Real*> from;
  std::vector<Real*> to;
  for (std::size_t m = 0; m < rows; ++m) {
    from.push_back(m % 5 == 4 ? nullptr : x.data() + m * depth);
    to.push_back(actual.data() + m * count);
    for (std::size_t i = 0; m % 5 != 4 && i < count; ++i) {
      for (std::size_t k = 0; k < depth; ++k) {
        expected[m * count + i] += static_cast<double>(x[m * depth + k]) * static_cast<double>(w[i * stride + k]);
      }
    }
  }

  RealProduct<Real> product;
  product.add_transposed(from, w.data(), stride, depth, count, to);

  const std::string label =
      std::to_string(rows) + " rows, depth " + std::to_string(depth) + ", " + std::to_string(count) + " columns";
  expect_near(actual, expected, label);
  std::vector<Real> alone(start.begin(), start.begin() + static_cast<std::ptrdiff_t>(rows > 0 ? count : 0));
  if (rows > 0) product.add_transposed({from[0]}, w.data(), stride, depth, count, {alone.data()});
  EXPECT_TRUE(std::equal(alone.begin(), alone.end(), actual.begin())) << label << ": the bits of a row by itself";
}

TEST(RealProduct, IsTheProduct) {
  for (const std::size_t rows : {0u, 1u, 5u, 6u, 7u, 40u}) {
    for (const std::size_t depth : {1u, 255u, 257u, 600u}) {
      for (const std::size_t count : {1u, 7u, 15u, 16u, 17u, 50u}) {
        expect_product<float>(rows, depth, count);
        expect_product<double>(rows, depth, count);
      }
    }
  }
}

}  // namespace
}  // namespace spikeweave::cpu
