// A list of types, of which one is chosen by its index at run time.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include "spikeweave/core/host_device.hpp"

namespace spikeweave {

template <class... Types>
struct TypeList {
  // Calls visitor.template operator()<Type>() with the type at `index` of the list.
  template <class Visitor>
  SW_HD static constexpr decltype(auto) visit(std::size_t index, Visitor&& visitor) {
    return dispatch<Visitor, Types...>(index, std::forward<Visitor>(visitor));
  }

  template <class Type>
  static constexpr std::size_t index_of() {
    constexpr bool is_it[] = {std::is_same_v<Type, Types>...};
    std::size_t index = 0;
    while (!is_it[index]) ++index;
    return index;
  }

 private:
  template <class Visitor, class Head, class... Tail>
  SW_HD static constexpr decltype(auto) dispatch([[maybe_unused]] std::size_t index, Visitor&& visitor) {
    if constexpr (sizeof...(Tail) > 0) {
      if (index > 0) return dispatch<Visitor, Tail...>(index - 1, std::forward<Visitor>(visitor));
    }
    return visitor.template operator()<Head>();
  }
};

}  // namespace spikeweave
