// The CPU backend: the definition that the CUDA backend is held to.
#pragma once

#include <memory>

#include "spikeweave/backend/backend.hpp"

namespace spikeweave {

// threads: OpenMP threads; 0: as many as the machine has. Results do not depend on it.
template <class Real>
std::unique_ptr<Backend<Real>> make_cpu_backend(int threads = 0);

}  // namespace spikeweave
