#include "emulation/fiber.hpp"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SW_ADDRESS_SANITIZER
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define SW_ADDRESS_SANITIZER
#endif

#if defined(SW_ADDRESS_SANITIZER)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace spikeweave::emulation {
namespace {

namespace context = boost::context::detail;

// Room for a kernel's local arrays in an unoptimised, sanitised build. Pages are touched only when used. Taken from the
// heap: AddressSanitizer guards both ends, and 8192 threads at once do not exhaust the system's memory mappings.
constexpr std::size_t stack_size = 128 * 1024;

// Called on the stack that is left, before the switch. fake_stack receives what the stack needs when it is entered
// again.
void announce_switch([[maybe_unused]] void** fake_stack, [[maybe_unused]] const void* target,
                     [[maybe_unused]] std::size_t target_size) {
#if defined(SW_ADDRESS_SANITIZER)
  __sanitizer_start_switch_fiber(fake_stack, target, target_size);
#endif
}

// Called on the stack that is entered, after the switch. source and source_size receive the stack that was left.
void complete_switch([[maybe_unused]] void* fake_stack, [[maybe_unused]] const void** source,
                     [[maybe_unused]] std::size_t* source_size) {
#if defined(SW_ADDRESS_SANITIZER)
  __sanitizer_finish_switch_fiber(fake_stack, source, source_size);
#endif
}

}  // namespace

Fiber::Fiber(void (*entry)(void*), void* argument)
    : entry_(entry),
      argument_(argument),
      stack_(std::make_unique_for_overwrite<std::byte[]>(stack_size)),
      inside_(context::make_fcontext(stack_.get() + stack_size, stack_size, &Fiber::start)) {}

Fiber::~Fiber() = default;

void Fiber::start(context::transfer_t from) {
  Fiber& self = *static_cast<Fiber*>(from.data);
  self.outside_ = from.fctx;
  complete_switch(nullptr, &self.outside_stack_, &self.outside_stack_size_);
  self.entry_(self.argument_);
}

void Fiber::resume() {
  void* fake_stack = nullptr;
  announce_switch(&fake_stack, stack_.get(), stack_size);
  const context::transfer_t back = context::jump_fcontext(inside_, this);
  complete_switch(fake_stack, nullptr, nullptr);
  inside_ = back.fctx;
}

void Fiber::suspend() {
  announce_switch(&inside_fake_stack_, outside_stack_, outside_stack_size_);
  const context::transfer_t back = context::jump_fcontext(outside_, nullptr);
  complete_switch(inside_fake_stack_, &outside_stack_, &outside_stack_size_);
  outside_ = back.fctx;
}

}  // namespace spikeweave::emulation
