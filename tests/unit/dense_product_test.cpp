// The CPU's product has the bits of adding one row after the other, rows with the factor 0 left out.

#include "host/cpu/dense_product.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "spikeweave/core/random.hpp"

namespace spikeweave::cpu {
namespace {

template <class Real>
void expect_the_bits_of_the_gather(std::size_t groups, std::size_t depth, std::size_t count) {
  const std::size_t stride = count + 3;
  const RandomStream random(1, Purpose::task, static_cast<std::uint32_t>(count));
  std::uint64_t n = 0;
  const auto draw = [&] { return static_cast<Real>(random.uniform(n++) - 0.5); };
  std::vector<Real> w(depth * stride), x(groups * depth * product_rows), out(groups * product_rows * count);
  for (Real& value : w) value = draw();
  for (Real& value : x) value = draw() < Real(0.1) ? Real(0) : draw();
  for (Real& value : out) value = draw();
  std::vector<Real> expected = out;
  std::vector<RowGroup<Real>> rows;
  for (std::size_t g = 0; g < groups; ++g) {
    rows.push_back({reinterpret_cast<const Real(*)[product_rows]>(x.data() + g * depth * product_rows), {}});
    for (std::size_t c = 0; c < product_rows; ++c) {
      rows.back().out[c] = out.data() + (g * product_rows + c) * count;
      for (std::size_t k = 0; k < depth; ++k) {
        const Real factor = x[(g * depth + k) * product_rows + c];
        for (std::size_t j = 0; j < count && factor != Real(0); ++j) {
          expected[(g * product_rows + c) * count + j] += factor * w[k * stride + j];
        }
      }
    }
  }

  std::vector<Real> packed;
  add_products(rows, w.data(), stride, depth, count, packed);

  EXPECT_EQ(out, expected) << groups << " groups, depth " << depth << ", " << count << " columns";
}

TEST(DenseProduct, HasTheBitsOfTheGather) {
  for (const std::size_t groups : {0u, 1u, 3u}) {
    for (const std::size_t depth : {0u, 1u, 7u, 64u}) {
      for (const std::size_t count : {1u, 7u, 15u, 16u, 17u, 33u, 70u}) {
        expect_the_bits_of_the_gather<float>(groups, depth, count);
        expect_the_bits_of_the_gather<double>(groups, depth, count);
      }
    }
  }
}

}  // namespace
}  // namespace spikeweave::cpu
