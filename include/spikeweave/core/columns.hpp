// A struct of numbers per neuron, kept in memory as one array per member.
//
// A struct S lists its members in `static constexpr auto columns()`; ColumnsOf<S> holds one pointer per member and
// loads or stores element i as a whole S. Kernels and CPU loops therefore know no member; recording and checkpoints
// take names and units from the same list.
#pragma once

#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "spikeweave/core/host_device.hpp"

namespace spikeweave {

template <class Owner, class T>
struct Column {
  using Element = T;
  std::string_view name;
  T Owner::*member;
  std::string_view unit;
  std::string_view help;
};

template <class Owner, class T>
constexpr Column<Owner, T> column(std::string_view name, T Owner::*member, std::string_view unit,
                                  std::string_view help) {
  return {name, member, unit, help};
}

namespace detail {
// A tuple of pointers that device code can index: std::tuple's functions are host only under nvcc.
template <class... T>
struct Pointers;
template <>
struct Pointers<> {};
template <class Head, class... Tail>
struct Pointers<Head, Tail...> {
  Head* head = nullptr;
  Pointers<Tail...> tail;
};

template <class Tuple>
struct PointersOf;
template <class... S, class... T>
struct PointersOf<std::tuple<Column<S, T>...>> {
  using type = Pointers<T...>;
};

template <std::size_t index, class S, class P>
SW_HD void load_columns(S& s, const P& pointers, std::size_t i) {
  constexpr auto list = S::columns();
  if constexpr (index < std::tuple_size_v<decltype(list)>) {
    constexpr auto member = std::get<index>(S::columns()).member;
    s.*member = pointers.head[i];
    load_columns<index + 1>(s, pointers.tail, i);
  }
}
template <std::size_t index, class S, class P>
SW_HD void store_columns(const S& s, const P& pointers, std::size_t i) {
  constexpr auto list = S::columns();
  if constexpr (index < std::tuple_size_v<decltype(list)>) {
    constexpr auto member = std::get<index>(S::columns()).member;
    pointers.head[i] = s.*member;
    store_columns<index + 1>(s, pointers.tail, i);
  }
}
}  // namespace detail

template <class S>
inline constexpr std::size_t column_count = std::tuple_size_v<decltype(S::columns())>;

template <class S>
struct ColumnsOf {
  typename detail::PointersOf<std::decay_t<decltype(S::columns())>>::type pointers;

  SW_HD S load(std::size_t i) const {
    S s;
    detail::load_columns<0>(s, pointers, i);
    return s;
  }
  SW_HD void store(std::size_t i, const S& s) const { detail::store_columns<0>(s, pointers, i); }
};

// Element i of the column with this index in S::columns(), as a Real.
template <class Real, class P>
SW_HD Real column_value(const P& pointers, std::size_t column, std::size_t i) {
  if constexpr (std::is_same_v<P, detail::Pointers<>>) {
    return Real(0);
  } else {
    return column == 0 ? static_cast<Real>(pointers.head[i]) : column_value<Real>(pointers.tail, column - 1, i);
  }
}

// Bytes that one element takes over all its columns.
template <class S>
constexpr std::size_t bytes_per_element() {
  return std::apply([](const auto&... c) { return (sizeof(typename std::decay_t<decltype(c)>::Element) + ... + 0); },
                    S::columns());
}

// Lays the columns of `count` elements one behind the other into `memory` (each padded to 64 bytes).
template <class S>
constexpr std::size_t columns_size(std::size_t count) {
  return std::apply(
      [count](const auto&... c) {
        return (((count * sizeof(typename std::decay_t<decltype(c)>::Element) + 63) / 64 * 64) + ... + 0);
      },
      S::columns());
}

namespace detail {
inline void place_columns(Pointers<>&, std::byte*, std::size_t) {}
template <class Head, class... Tail>
void place_columns(Pointers<Head, Tail...>& pointers, std::byte* memory, std::size_t count) {
  pointers.head = reinterpret_cast<Head*>(memory);
  place_columns(pointers.tail, memory + (count * sizeof(Head) + 63) / 64 * 64, count);
}
}  // namespace detail

// No memory: no columns.
template <class S>
ColumnsOf<S> place_columns(std::byte* memory, std::size_t count) {
  ColumnsOf<S> columns{};
  if (memory != nullptr) detail::place_columns(columns.pointers, memory, count);
  return columns;
}

}  // namespace spikeweave
