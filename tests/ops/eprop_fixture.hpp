// The memory of an EpropCase on a backend.
#pragma once

#include <cstddef>
#include <vector>

#include "ops/eprop_case.hpp"
#include "support/backends.hpp"

namespace spikeweave::test {

class OnBackendWithEprop : public OnBackend {
 protected:
  struct Memory {
    Buffer<std::int32_t, float> length, segment;
    Buffer<float, float> error, feedback, rate_factor, local, psi;
    Buffer<std::uint8_t, float> mask;
    Buffer<std::byte, float> constants;
    EpropInputs<float> in;
  };

  Memory put_case(const EpropCase& c) {
    using Constants = EligibilityConstants<float>;
    std::vector<std::byte> bytes(columns_size<Constants>(c.neurons));
    const auto columns = place_columns<Constants>(bytes.data(), c.neurons);
    for (std::size_t j = 0; j < c.neurons; ++j) columns.store(j, constants_of(c, j));
    Memory m{put<std::int32_t>(c.length, {c.batch()}),
             put<std::int32_t>(c.segment, {c.batch(), c.steps}),
             put<float>(c.error, {c.batch(), c.steps, c.outputs}),
             put<float>(c.feedback, {c.outputs, c.neurons}),
             put<float>(c.rate_factor, {c.batch(), c.rate_factor.empty() ? 0 : c.neurons}),
             put<float>(c.local, {c.batch(), c.steps, c.local.empty() ? 0 : c.neurons}),
             put<float>(c.psi, {c.batch(), c.steps, c.neurons}),
             put<std::uint8_t>(c.mask, {c.batch(), c.frames(), c.mask.empty() ? 0 : c.neurons}),
             put<std::byte>(bytes, {bytes.size()}),
             {}};
    m.in = {.frame_steps = c.frame_steps,
            .length = m.length.cview(),
            .segment = m.segment.cview(),
            .error = m.error.cview(),
            .feedback = m.feedback.cview(),
            .rate_factor = m.rate_factor.cview(),
            .local = m.local.cview(),
            .readout_mask = m.mask.cview(),
            .readout_mask_scale = c.mask_scale,
            .readout = c.readout,
            .constants = place_columns<Constants>(m.constants.data(), c.neurons)};
    return m;
  }
};

}  // namespace spikeweave::test
