// The forward pass with the recurrent weights, or most of them, on the chip: a group of blocks runs a slice of the
// trials, each block with the weights into its own neurons in shared memory; after every step the blocks tell each
// other who fired.
#pragma once

#include <cstddef>
#include <optional>

#include "kernels/forward.cuh"

namespace spikeweave::SW_DEVICE {

// What the blocks of a group are to each other.
enum class Exchange : unsigned {
  block,    // the group is one block
  cluster,  // neighbours, which write into each other's shared memory
  grid      // any blocks that run at once; spikes go through global memory
};

// How much of the weights must be in shared memory; as much as there is room for is.
enum class Residence : unsigned { none, most, all };

struct ResidentShape {
  Exchange exchange;
  unsigned group;       // blocks that run a slice of the trials together
  unsigned groups;      // group g runs the slices g, g + groups, ...
  unsigned tile;        // neurons of a block
  unsigned lanes;       // trials side by side in a block
  unsigned per_thread;  // trials of a thread: 1 to 4
  unsigned listed;      // spikes of a trial listed at a time; a multiple of 8, so that they are read 8 at a time
  unsigned rows;        // of weights in shared memory: the first of those that a block needs, over the projections in
                        // order, a row for each pre cell; further ones are read through the L2 cache

  __host__ __device__ __forceinline__ unsigned trials() const { return lanes * per_thread; }  // of a slice
  // Threads of a trial: the tile in whole warps, so that a ballot gives 32 neighbours' spikes.
  __host__ __device__ __forceinline__ unsigned width() const { return (tile + 31) / 32 * 32; }
  // Of a trial: 32 neurons each, a tile beginning with a word of its own.
  __host__ __device__ __forceinline__ unsigned words() const { return width() / 32 * group; }
  // Floats of a block in shared memory: the rows behind one that is empty.
  __host__ __device__ __forceinline__ std::size_t weights() const { return (std::size_t{rows} + 1) * tile; }
  std::size_t shared_bytes() const;
};

// How a group of that many blocks would run it; nothing where it cannot.
std::optional<ResidentShape> fit_resident(const Context& context, const ForwardArgs<float>& args, Exchange exchange,
                                          unsigned group, Residence residence);

// The group of the device with its weights on the chip that runs the batch in the fewest rounds, of equal ones the
// smallest; nothing where the weights don't fit. The largest cluster may have most of them there.
std::optional<ResidentShape> fit_smallest(const Context& context, const ForwardArgs<float>& args, Exchange exchange);

// Groups of that shape, a cluster, that run at once.
unsigned clusters_at_once(const ResidentShape& shape);

void run_resident(Context& context, const ForwardViews& views, const ResidentShape& shape, const CurrentRows& currents);

}  // namespace spikeweave::SW_DEVICE
