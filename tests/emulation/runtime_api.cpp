#include "emulation/runtime_api.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <iterator>
#include <map>
#include <utility>

#include "emulation/poisoned_memory.hpp"

namespace spikeweave::emulation {

struct Stream {};
struct Event {
  std::chrono::steady_clock::time_point recorded{};
  bool is_recorded = false;
  bool has_timing = true;
};

namespace {

using Allocations = std::map<const std::byte*, PoisonedMemory, std::less<>>;

Allocations device_memory;
Allocations pinned_memory;
std::size_t used_bytes = 0;
std::size_t memory_limit = no_memory_limit;
emulated::cudaError_t last_error = emulated::cudaSuccess;

emulated::cudaError_t remember(emulated::cudaError_t error) {
  if (error != emulated::cudaSuccess) last_error = error;
  return error;
}

emulated::cudaError_t remember_invalid_unless(bool valid) {
  return remember(valid ? emulated::cudaSuccess : emulated::cudaErrorInvalidValue);
}

void* allocate(Allocations& allocations, std::size_t bytes) {
  PoisonedMemory memory(bytes);
  std::byte* const data = memory.data();
  allocations.emplace(data, std::move(memory));
  return data;
}

enum class Place { host, device, past_the_end };

// Where the bytes lie; past_the_end: they start inside a device allocation and leave it.
Place place_of(const void* pointer, std::size_t bytes) {
  const auto* const first = static_cast<const std::byte*>(pointer);
  auto next = device_memory.upper_bound(first);
  if (next == device_memory.begin()) return Place::host;
  const PoisonedMemory& memory = std::prev(next)->second;
  const auto offset = static_cast<std::size_t>(first - memory.data());
  if (offset > memory.size() || (offset == memory.size() && bytes == 0)) return Place::host;
  return bytes <= memory.size() - offset ? Place::device : Place::past_the_end;
}

bool is_copy_allowed(Place target, Place source, emulated::cudaMemcpyKind kind) {
  if (target == Place::past_the_end || source == Place::past_the_end) return false;
  const bool to_device = target == Place::device;
  const bool from_device = source == Place::device;
  switch (kind) {
    case emulated::cudaMemcpyHostToHost:
      return !to_device && !from_device;
    case emulated::cudaMemcpyHostToDevice:
      return to_device && !from_device;
    case emulated::cudaMemcpyDeviceToHost:
      return !to_device && from_device;
    case emulated::cudaMemcpyDeviceToDevice:
      return to_device && from_device;
    case emulated::cudaMemcpyDefault:
      return true;
  }
  return false;
}

}  // namespace

void set_memory_limit(std::size_t bytes) {
  memory_limit = bytes;
}

std::size_t allocated_bytes() {
  return used_bytes;
}

unsigned resident_blocks(std::size_t threads_per_block, std::size_t shared_bytes) {
  if (threads_per_block == 0 || threads_per_block > max_threads_per_block) return 0;
  if (shared_bytes > max_shared_bytes_per_block) return 0;
  std::size_t count = max_blocks_per_multiprocessor;
  count = std::min(count, max_threads_per_multiprocessor / threads_per_block);
  if (shared_bytes > 0) count = std::min(count, max_shared_bytes_per_multiprocessor / shared_bytes);
  return static_cast<unsigned>(count);
}

}  // namespace spikeweave::emulation

namespace spikeweave::emulated {

using emulation::Event;
using emulation::remember;
using emulation::remember_invalid_unless;
using emulation::Stream;

cudaError_t cudaMalloc(void** pointer, std::size_t bytes) {
  *pointer = nullptr;
  if (bytes == 0) return cudaSuccess;
  const std::size_t limit = emulation::memory_limit;
  if (emulation::used_bytes > limit || bytes > limit - emulation::used_bytes) {
    return remember(cudaErrorMemoryAllocation);
  }
  *pointer = emulation::allocate(emulation::device_memory, bytes);
  emulation::used_bytes += bytes;
  return cudaSuccess;
}

cudaError_t cudaMallocAsync(void** pointer, std::size_t bytes, cudaStream_t) {
  return cudaMalloc(pointer, bytes);
}

cudaError_t cudaMallocHost(void** pointer, std::size_t bytes) {
  *pointer = bytes == 0 ? nullptr : emulation::allocate(emulation::pinned_memory, bytes);
  return cudaSuccess;
}

cudaError_t cudaFree(void* pointer) {
  if (pointer == nullptr) return cudaSuccess;
  const auto found = emulation::device_memory.find(static_cast<std::byte*>(pointer));
  if (found == emulation::device_memory.end()) return remember(cudaErrorInvalidValue);
  emulation::used_bytes -= found->second.size();
  emulation::device_memory.erase(found);
  return cudaSuccess;
}

cudaError_t cudaFreeAsync(void* pointer, cudaStream_t) {
  return cudaFree(pointer);
}

cudaError_t cudaFreeHost(void* pointer) {
  if (pointer == nullptr) return cudaSuccess;
  return remember_invalid_unless(emulation::pinned_memory.erase(static_cast<std::byte*>(pointer)) == 1);
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  *total = emulation::memory_limit;
  *free = *total > emulation::used_bytes ? *total - emulation::used_bytes : 0;
  return cudaSuccess;
}

cudaError_t cudaMemcpy(void* target, const void* source, std::size_t bytes, cudaMemcpyKind kind) {
  if (bytes == 0) return cudaSuccess;
  if (!emulation::is_copy_allowed(emulation::place_of(target, bytes), emulation::place_of(source, bytes), kind)) {
    return remember(cudaErrorInvalidValue);
  }
  std::memcpy(target, source, bytes);
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* target, const void* source, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t) {
  return cudaMemcpy(target, source, bytes, kind);
}

cudaError_t cudaMemset(void* target, int value, std::size_t bytes) {
  if (bytes == 0) return cudaSuccess;
  if (emulation::place_of(target, bytes) != emulation::Place::device) return remember(cudaErrorInvalidValue);
  std::memset(target, value, bytes);
  return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void* target, int value, std::size_t bytes, cudaStream_t) {
  return cudaMemset(target, value, bytes);
}

cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  *stream = new Stream;
  return cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  if (flags != cudaStreamDefault && flags != cudaStreamNonBlocking) return remember(cudaErrorInvalidValue);
  return cudaStreamCreate(stream);
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  delete stream;
  return remember_invalid_unless(stream != nullptr);
}

cudaError_t cudaStreamSynchronize(cudaStream_t) {
  return cudaSuccess;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t, cudaEvent_t event, unsigned) {
  return remember_invalid_unless(event != nullptr);
}

cudaError_t cudaEventCreate(cudaEvent_t* event) {
  return cudaEventCreateWithFlags(event, cudaEventDefault);
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) {
  *event = new Event{.has_timing = (flags & cudaEventDisableTiming) == 0};
  return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return remember_invalid_unless(event != nullptr);
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t) {
  event->recorded = std::chrono::steady_clock::now();
  event->is_recorded = true;
  return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  return remember_invalid_unless(event != nullptr);
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t stop) {
  for (const Event* event : {start, stop}) {
    if (!event->is_recorded || !event->has_timing) return remember(cudaErrorInvalidValue);
  }
  *milliseconds = std::chrono::duration<float, std::milli>(stop->recorded - start->recorded).count();
  return cudaSuccess;
}

cudaError_t cudaGetLastError() {
  return std::exchange(emulation::last_error, cudaSuccess);
}

cudaError_t cudaPeekAtLastError() {
  return emulation::last_error;
}

}  // namespace spikeweave::emulated
