// Runs the published e-prop experiments of NEST's regression tests and compares the losses.
#pragma once

#include <string>
#include <vector>

#include "spikeweave/backend/backend.hpp"

namespace spikeweave {

struct NestReferenceCase;

struct SelftestRow {
  std::string run;     // "pattern_generation", ...
  std::string target;  // "cpu fp64", "cpu fp32", "cuda fp32"
  std::size_t iteration = 0;
  double published = 0.0;
  double measured = 0.0;
  double allowed = 0.0;  // relative difference

  double difference() const;                               // relative
  bool passed() const { return difference() <= allowed; }  // false for NaN
};

// Losses of the five iterations, each followed by an update.
template <class Real>
std::vector<double> run_reference(const NestReferenceCase& reference, Backend<Real>& backend);

// All 15 losses on the CPU in double precision (1e-8) and single precision (1e-6), and on `device` where it is given
// (1e-6).
std::vector<SelftestRow> run_selftest(Backend<float>* device);

}  // namespace spikeweave
