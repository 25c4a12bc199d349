// Memory of a backend: owning, move-only, typed, with the shape of its view.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "spikeweave/backend/backend.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave {

template <class T, class Real>
class Buffer {
 public:
  Buffer() = default;
  // Zero-filled. what: the array's name and the setting that sizes it, for the error when memory runs out.
  Buffer(Backend<Real>& backend, std::initializer_list<std::size_t> shape, const std::string& what)
      : backend_(&backend), view_(nullptr, shape) {
    if (view_.size() == 0) return;
    view_.data = static_cast<T*>(backend.allocate(view_.size() * sizeof(T), what));
    capacity_ = view_.size();
    zero();
  }
  Buffer(Buffer&& other) noexcept { *this = std::move(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(backend_, other.backend_);
    std::swap(view_, other.view_);
    std::swap(capacity_, other.capacity_);
    std::swap(first_row_, other.first_row_);
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() {
    if (view_.data != nullptr) backend_->free(view_.data);
  }

  // Gives the buffer another shape; memory grows when needed and its contents are then undefined. first_row: where the
  // rows [batch, rows, ...] in memory are those of a longer array from this one on.
  void reshape(Backend<Real>& backend, std::initializer_list<std::size_t> shape, const std::string& what,
               std::size_t first_row = 0) {
    const View<T> wanted(view_.data, shape);
    if (wanted.size() > capacity_ || backend_ == nullptr) {
      *this = Buffer();  // frees first: both would not fit
      *this = Buffer(backend, shape, what);
    } else {
      view_ = wanted;
    }
    first_row_ = first_row;
  }

  bool empty() const { return view_.size() == 0; }
  std::size_t size() const { return view_.size(); }
  // Its rows are counted as in the longer array: only those from the first row on may be read or written.
  View<T> view() const {
    View<T> view = view_;
    if (first_row_ > 0) {
      const std::size_t before = first_row_ * row_size() * sizeof(T);
      view.data = reinterpret_cast<T*>(reinterpret_cast<std::uintptr_t>(view_.data) - before);
    }
    return view;
  }
  View<const T> cview() const { return view(); }
  T* data() const { return view_.data; }
  std::size_t first_row() const { return first_row_; }

  void zero() {
    if (view_.size() > 0) backend_->zero(view_.data, view_.size() * sizeof(T));
  }
  void upload(const std::vector<T>& host) {
    SW_EXPECTS(host.size() == view_.size(), "upload: expected " + std::to_string(view_.size()) + " elements");
    if (!host.empty()) backend_->upload(view_.data, host.data(), host.size() * sizeof(T));
  }
  std::vector<T> download() const {
    std::vector<T> host(view_.size());
    if (!host.empty()) backend_->download(host.data(), view_.data, host.size() * sizeof(T));
    return host;
  }
  // Some rows, counted as in the view: [batch, count, ...].
  std::vector<T> download_rows(std::size_t first, std::size_t count) const {
    const std::size_t part = count * row_size();
    std::vector<T> host(view_.shape[0] * part);
    for (std::size_t b = 0; part > 0 && b < view_.shape[0]; ++b) {
      backend_->download(host.data() + b * part, view_.row(b, first - first_row_), part * sizeof(T));
    }
    return host;
  }
  void upload_rows(std::size_t first, const std::vector<T>& host) {
    const std::size_t part = view_.shape[0] == 0 ? 0 : host.size() / view_.shape[0];
    for (std::size_t b = 0; part > 0 && b < view_.shape[0]; ++b) {
      backend_->upload(view_.row(b, first - first_row_), host.data() + b * part, part * sizeof(T));
    }
  }

 private:
  std::size_t row_size() const { return view_.shape[2] * view_.shape[3]; }

  Backend<Real>* backend_ = nullptr;
  View<T> view_;  // of the memory
  std::size_t first_row_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace spikeweave
