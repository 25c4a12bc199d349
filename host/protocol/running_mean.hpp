// Mean and standard error of numbers that come one by one: Welford's recursion.
#pragma once

#include <cmath>
#include <cstddef>

namespace spikeweave {

class RunningMean {
 public:
  void add(double value) {
    ++count_;
    const double distance = value - mean_;
    mean_ += distance / static_cast<double>(count_);
    square_sum_ += distance * (value - mean_);
  }
  double mean() const { return mean_; }
  // Of the mean; needs two numbers or more.
  double standard_error() const {
    const auto n = static_cast<double>(count_);
    return std::sqrt(square_sum_ / (n - 1.0) / n);
  }

 private:
  std::size_t count_ = 0;
  double mean_ = 0.0, square_sum_ = 0.0;
};

}  // namespace spikeweave
