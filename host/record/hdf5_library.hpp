// What Hdf5File needs from libhdf5's C API: ownership of identifiers, silence, the reason of an error, and the map
// between C++ and HDF5 element types. For hdf5_file.cpp and hdf5_attribute.cpp only: it brings hdf5.h.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include <fmt/format.h>
#include <hdf5.h>

#include "spikeweave/core/error.hpp"

namespace spikeweave {

// Keeps HDF5 from printing its error stack while it lives.
class Hdf5Quiet {
 public:
  Hdf5Quiet() {
    H5Eget_auto2(H5E_DEFAULT, &function_, &data_);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  }
  ~Hdf5Quiet() { H5Eset_auto2(H5E_DEFAULT, function_, data_); }
  Hdf5Quiet(const Hdf5Quiet&) = delete;
  Hdf5Quiet& operator=(const Hdf5Quiet&) = delete;

 private:
  H5E_auto2_t function_ = nullptr;
  void* data_ = nullptr;
};

// Owns one identifier of the library.
class Hdf5Handle {
 public:
  using Close = herr_t (*)(hid_t);
  Hdf5Handle() = default;
  Hdf5Handle(hid_t id, Close closing) : id_(id), close_(closing) {}
  Hdf5Handle(Hdf5Handle&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)), close_(other.close_) {}
  Hdf5Handle& operator=(Hdf5Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  ~Hdf5Handle() {
    if (id_ >= 0) close_(id_);
  }
  bool valid() const { return id_ >= 0; }
  hid_t id() const { return id_; }
  herr_t close() { return close_(std::exchange(id_, H5I_INVALID_HID)); }

 private:
  hid_t id_ = H5I_INVALID_HID;
  Close close_ = nullptr;
};

// The innermost entry of the library's error stack: the cause, where the outer ones repeat the call.
inline std::string hdf5_reason() {
  std::string text;
  const auto keep_first = [](unsigned, const H5E_error2_t* entry, void* data) -> herr_t {
    auto& result = *static_cast<std::string*>(data);
    if (result.empty() && entry->desc != nullptr) result = entry->desc;
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, &text);
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text.empty() ? "no reason given by HDF5" : text;
}

template <class T>
hid_t hdf5_memory_type() {
  if constexpr (std::is_same_v<T, float>) return H5T_NATIVE_FLOAT;
  if constexpr (std::is_same_v<T, double>) return H5T_NATIVE_DOUBLE;
  if constexpr (std::is_same_v<T, std::int8_t>) return H5T_NATIVE_INT8;
  if constexpr (std::is_same_v<T, std::int16_t>) return H5T_NATIVE_INT16;
  if constexpr (std::is_same_v<T, std::int32_t>) return H5T_NATIVE_INT32;
  if constexpr (std::is_same_v<T, std::int64_t>) return H5T_NATIVE_INT64;
  if constexpr (std::is_same_v<T, std::uint8_t>) return H5T_NATIVE_UINT8;
  if constexpr (std::is_same_v<T, std::uint16_t>) return H5T_NATIVE_UINT16;
  if constexpr (std::is_same_v<T, std::uint32_t>) return H5T_NATIVE_UINT32;
  if constexpr (std::is_same_v<T, std::uint64_t>) return H5T_NATIVE_UINT64;
}

// Calls use(From{}) with the C++ type of the elements of a native type; an enumeration counts as its integer.
template <class Use>
void with_hdf5_element_type(hid_t native_type, const std::string& place, const Use& use) {
  const H5T_class_t kind = H5Tget_class(native_type);
  if (kind == H5T_ENUM) {
    const Hdf5Handle integer(H5Tget_super(native_type), H5Tclose);
    return with_hdf5_element_type(integer.id(), place, use);
  }
  const std::size_t size = H5Tget_size(native_type);
  if (kind == H5T_FLOAT && size == 4) return use(float{});
  if (kind == H5T_FLOAT && size == 8) return use(double{});
  const bool has_sign = kind == H5T_INTEGER && H5Tget_sign(native_type) == H5T_SGN_2;
  if (kind == H5T_INTEGER && size == 1) return has_sign ? use(std::int8_t{}) : use(std::uint8_t{});
  if (kind == H5T_INTEGER && size == 2) return has_sign ? use(std::int16_t{}) : use(std::uint16_t{});
  if (kind == H5T_INTEGER && size == 4) return has_sign ? use(std::int32_t{}) : use(std::uint32_t{});
  if (kind == H5T_INTEGER && size == 8) return has_sign ? use(std::int64_t{}) : use(std::uint64_t{});
  const char* found = kind == H5T_STRING ? "text" : kind == H5T_COMPOUND ? "records" : "elements of another kind";
  throw InputError(place,
                   fmt::format("holds {} of {} bytes; integers and floats of up to 8 bytes are allowed", found, size));
}

}  // namespace spikeweave
