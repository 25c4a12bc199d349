// Memory of a backend: owning, move-only, typed, with the shape of its view.
#pragma once

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
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() {
    if (view_.data != nullptr) backend_->free(view_.data);
  }

  // Gives the buffer another shape; memory grows when needed and its contents are then undefined.
  void reshape(Backend<Real>& backend, std::initializer_list<std::size_t> shape, const std::string& what) {
    const View<T> wanted(view_.data, shape);
    if (wanted.size() > capacity_ || backend_ == nullptr) {
      *this = Buffer();  // frees first: both would not fit
      *this = Buffer(backend, shape, what);
    } else {
      view_ = wanted;
    }
  }

  bool empty() const { return view_.size() == 0; }
  std::size_t size() const { return view_.size(); }
  View<T> view() const { return view_; }
  View<const T> cview() const { return view_; }
  T* data() const { return view_.data; }

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

 private:
  Backend<Real>* backend_ = nullptr;
  View<T> view_;
  std::size_t capacity_ = 0;
};

}  // namespace spikeweave
