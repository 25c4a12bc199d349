#include <algorithm>

#include "host/cpu/operations.hpp"

namespace spikeweave::cpu {

// A square of both matrices stays in the cache.
template <class Real>
void transpose(const TransposeArgs<Real>& args) {
  constexpr std::size_t side = 32;
  const std::size_t rows = args.from.shape[0], columns = args.from.shape[1];
  for (std::size_t first_row = 0; first_row < rows; first_row += side) {
    for (std::size_t first_column = 0; first_column < columns; first_column += side) {
      for (std::size_t j = first_column; j < std::min(first_column + side, columns); ++j) {
        for (std::size_t i = first_row; i < std::min(first_row + side, rows); ++i) {
          args.to(j, i) = args.factor * args.from(i, j);
        }
      }
    }
  }
}
template void transpose<float>(const TransposeArgs<float>&);
template void transpose<double>(const TransposeArgs<double>&);

}  // namespace spikeweave::cpu
