// Which backend a command runs on.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "spikeweave/backend/backend.hpp"

namespace spikeweave::app {

struct BackendChoice {
  std::string name = "auto";  // auto, cpu, cuda
  int threads = 0;            // of the CPU; 0: all
  int device = 0;             // of CUDA
};

// --backend, --threads and --device. The choice must live as long as the command.
void add_backend_options(CLI::App& command, BackendChoice& choice);

// auto takes the GPU if one works. Throws InputError where cuda is asked for and cannot be had, saying why.
std::unique_ptr<Backend<float>> choose_backend(const BackendChoice& choice);

// One line per CUDA device; empty where there is none or this build has no CUDA.
std::vector<std::string> cuda_devices();

// "" where this build has CUDA, else how to get it.
std::string missing_cuda();

}  // namespace spikeweave::app
