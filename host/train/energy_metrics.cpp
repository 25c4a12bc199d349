#include "spikeweave/train/energy_metrics.hpp"

#include <fmt/format.h>

#include <cmath>

namespace spikeweave {

struct EnergyMetrics::Step {
  std::vector<double> s, rho;
  std::vector<double> from_units;  // sum_j W_ij rho_j
  std::vector<double> from_input;
};

EnergyMetrics::EnergyMetrics(const Network& network, std::uint64_t seed) : network_(network) {
  if (network.inputs > 0 && network.encoding != Encoding::current) {
    throw InputError("/recording/energy", "true, but the input are events; expected false, or currents");
  }
  for (std::size_t p = 0; p < network.projections.size(); ++p) {
    const Projection& projection = network.projections[p];
    if (projection.kind == ProjectionKind::within_step) {
      throw InputError("/recording/energy", fmt::format("true, but what /network/projections/{} sends arrives within "
                                                        "the step; expected false, or within_step false everywhere",
                                                        p));
    }
    if (projection.delay <= (projection.kind == ProjectionKind::recurrent ? 1u : 0u)) continue;
    throw InputError("/recording/energy", fmt::format("true, but /network/projections/{} has a delay of {} steps; "
                                                      "expected false, or the shortest delays everywhere",
                                                      p, projection.delay));
  }
  for (std::size_t p = 0; p < network.populations.size(); ++p) {
    const Population& population = network.populations[p];
    const auto& settings = std::get<EnergyUnitParams<Distribution>>(population.neuron.value);
    StateTrace trace{p, 0, {}};
    for (std::size_t j = 0; j < population.neurons.count; ++j) {
      const auto one = draw_parameters<EnergyUnitParams<double>>(settings, seed, static_cast<std::uint32_t>(p), j);
      units_.push_back(EnergyUnit<double>::derive(one, network.dt));
      units_.back().sigma = units_.back().kick = 0.0;  // predictions are without noise
      trace.neurons.push_back(j);
    }
    traces_.push_back(trace);
  }
}

EnergyMetrics::Step EnergyMetrics::at(const TrialBatch& batch, const std::vector<std::vector<float>>& states,
                                      const std::vector<double>& parameters, std::size_t b, std::size_t t) const {
  const std::size_t n = units_.size();
  Step step{{}, std::vector<double>(n), std::vector<double>(n), std::vector<double>(n)};
  for (std::size_t p = 0; p < states.size(); ++p) {
    const std::size_t count = traces_[p].neurons.size();
    const float* row = states[p].data() + (b * batch.steps + t) * count;
    step.s.insert(step.s.end(), row, row + count);
  }
  double slope;
  for (std::size_t i = 0; i < n; ++i) EnergyUnit<double>::rate(units_[i], step.s[i], step.rho[i], slope);
  const std::size_t frame = t / (batch.steps / batch.frames);
  for (const Projection& projection : network_.projections) {
    const bool is_input = projection.kind == ProjectionKind::input;
    if (projection.kind == ProjectionKind::readout) continue;
    std::vector<double>& sum = is_input ? step.from_input : step.from_units;
    for (std::size_t w = 0; w < projection.size(); ++w) {
      const std::size_t pre = projection.pre.begin + projection.pre_of(w);
      const double x = is_input
                           ? static_cast<double>(batch.intensity[(b * batch.frames + frame) * network_.inputs + pre])
                           : step.rho[pre];
      sum[projection.post.begin + projection.post_of(w)] += parameters[projection.offset + w] * x;
    }
  }
  return step;
}

void EnergyMetrics::add(const TrialBatch& batch, const std::vector<std::vector<float>>& states,
                        const std::vector<double>& parameters, Score& score) const {
  const std::size_t n = units_.size();
  const auto units = static_cast<double>(n);
  for (std::size_t b = 0; b < batch.batch; ++b) {
    const auto length = static_cast<std::size_t>(batch.length[b]);
    std::vector<double> last;                // s of the last step
    std::vector<double> predicted, pending;  // f of the last step but one, and of the last one
    for (std::size_t t = 0; t < length; ++t) {
      const Step now = at(batch, states, parameters, b, t);
      double change = 0.0, error = 0.0;
      for (std::size_t i = 0; i < n && t >= 1; ++i) change += (now.s[i] - last[i]) * (now.s[i] - last[i]);
      for (std::size_t i = 0; i < n && t >= 2; ++i) {
        error += 0.5 * (predicted[i] - now.s[i]) * (predicted[i] - now.s[i]);
      }
      if (t >= 1) score.add("state_change", change, units);
      if (t >= 2) score.add("j_stdp", error, units);
      double energy = 0.0, residual = 0.0;
      std::vector<double> next(n);
      for (std::size_t i = 0; i < n; ++i) {
        EnergyUnit<double>::State unit{now.s[i], now.s[i], 1.0};
        EnergyUnit<double>::step<PiecewiseLinear>(units_[i], unit, {.current = now.from_input[i] + now.from_units[i]});
        next[i] = unit.s;
        const double drive = units_[i].bias + now.from_input[i] + now.from_units[i];
        energy += 0.5 * now.s[i] * now.s[i] - now.rho[i] * (drive - 0.5 * now.from_units[i]);
        residual += std::abs(now.s[i] - drive);
      }
      predicted = pending;
      pending = next;
      last = now.s;
      if (t + 1 < length) continue;
      score.add("energy", energy, units);
      score.add("residual", residual, units);
    }
  }
}

}  // namespace spikeweave
