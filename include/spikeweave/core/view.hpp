// A pointer with a row-major shape, outermost dimension first. Does not own.
//
// Passed by value to kernels, so it holds nothing but plain members. The memory may lie on a device: only code that
// runs there may dereference it.
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <type_traits>

#include "spikeweave/core/host_device.hpp"

namespace spikeweave {

template <class T>
struct View {
  static constexpr std::size_t max_rank = 4;

  T* data = nullptr;
  std::size_t shape[max_rank] = {0, 1, 1, 1};  // unused trailing dimensions are 1

  View() = default;
  View(T* pointer, std::initializer_list<std::size_t> dimensions) : data(pointer) {
    std::size_t rank = 0;
    for (const std::size_t extent : dimensions) {
      if (rank < max_rank) shape[rank] = extent;
      ++rank;
    }
  }
  // A view of mutable elements converts to one of constant elements.
  template <class U, class = std::enable_if_t<std::is_same_v<const U, T> && !std::is_same_v<U, T>>>
  View(const View<U>& other) : data(other.data) {
    for (std::size_t d = 0; d < max_rank; ++d) shape[d] = other.shape[d];
  }

  SW_HD std::size_t size() const { return shape[0] * shape[1] * shape[2] * shape[3]; }
  SW_HD bool empty() const { return size() == 0; }
  SW_HD T& operator[](std::size_t index) const { return data[index]; }
  SW_HD T& operator()(std::size_t i, std::size_t j) const { return data[i * shape[1] + j]; }
  SW_HD T& operator()(std::size_t i, std::size_t j, std::size_t k) const {
    return data[(i * shape[1] + j) * shape[2] + k];
  }
  // Pointer to the row (i) of a matrix or (i, j) of a rank-3 tensor.
  SW_HD T* row(std::size_t i) const { return data + i * shape[1] * shape[2] * shape[3]; }
  SW_HD T* row(std::size_t i, std::size_t j) const { return data + (i * shape[1] + j) * shape[2] * shape[3]; }
};

}  // namespace spikeweave
