// The gradient of a dense projection of spikes: a product on tensor cores, or a gather over the spikes where few cells
// are active. Both split K alike.
#pragma once

#include <cstdint>

#include "kernels/pre_cells.cuh"
#include "kernels/sum_parts.cuh"

namespace spikeweave::SW_DEVICE {

// Which of the two runs: `form`, or what the number of events in device memory says.
struct SpikeChoice {
  SpikeForm form;
  const unsigned long long* events;  // or nullptr
  std::uint64_t cells;               // rows times pre cells

  // Both kernels are launched; one of them returns at once. The same for the whole grid.
  __device__ __forceinline__ bool is(SpikeForm asked) const {
    // Share of events from which the product takes less time: a guess that awaits a measurement on a GPU.
    constexpr std::uint64_t cells_per_event = 100;
    if (events == nullptr) return form == asked;
    return (events[0] * cells_per_event < cells) == (asked == SpikeForm::gather);
  }
};

// args: of a dense projection with events; its window ends within the trial.
Part spike_parts(const OuterProductArgs<float>& args);
void spike_product(Context& context, const OuterProductArgs<float>& args);

// spike_gather.cu
bool can_gather_spikes(const Context& context);  // some devices have too little shared memory
void count_events(Context& context, const OuterProductArgs<float>& args, const PreCells<std::uint8_t>& cells,
                  std::size_t row_count, unsigned long long* events);
void spike_gather(Context& context, const OuterProductArgs<float>& args, const PreCells<std::uint8_t>& cells,
                  const Part& part, const SpikeChoice& choice);

}  // namespace spikeweave::SW_DEVICE
