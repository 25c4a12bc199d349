// A call stack that can be left and entered again; the emulator's threads run on these.
//
// Boost.Context switches the stack; AddressSanitizer is told of every switch, exceptions inside a fiber included.
// A fiber may be destroyed while it is suspended: its stack is given back without unwinding it.
#pragma once

#include <boost/context/detail/fcontext.hpp>
#include <cstddef>
#include <memory>

namespace spikeweave::emulation {

class Fiber {
 public:
  // entry(argument) starts at the first resume(); it must neither return nor let an exception out.
  Fiber(void (*entry)(void*), void* argument);
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;
  ~Fiber();

  void resume();   // from outside: runs the fiber until it suspends
  void suspend();  // from inside: goes back to the caller of resume()

 private:
  static void start(boost::context::detail::transfer_t from);

  void (*entry_)(void*);
  void* argument_;
  std::unique_ptr<std::byte[]> stack_;
  boost::context::detail::fcontext_t inside_;             // valid while suspended
  boost::context::detail::fcontext_t outside_ = nullptr;  // valid while running

  // What AddressSanitizer wants to know of the two stacks.
  void* inside_fake_stack_ = nullptr;
  const void* outside_stack_ = nullptr;
  std::size_t outside_stack_size_ = 0;
};

}  // namespace spikeweave::emulation
