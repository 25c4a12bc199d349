// How many blocks hold the recurrent weights together, and how many trials they run at once.
#include <algorithm>

#include "kernels/resident_memory.cuh"

namespace spikeweave::SW_DEVICE {
namespace {

constexpr std::size_t most_neurons = 65536;  // a listed spike is 16 bits
constexpr unsigned largest_cluster = 16;     // blocks; more than 8 where the device allows it
constexpr unsigned most_per_thread = 4;      // trials

unsigned divided_up(std::size_t amount, std::size_t by) {
  return static_cast<unsigned>((amount + by - 1) / by);
}

// Rows of weights that the fullest block needs.
std::size_t most_rows(const ProjectionList<float>& projections, const ResidentShape& shape, std::size_t neurons) {
  std::size_t most = 0;
  for (unsigned rank = 0; rank < shape.group; ++rank) {
    const PostTile tile = tile_of(shape, rank, neurons);
    std::size_t rows = 0;
    for (std::size_t p = 0; p < projections.count; ++p) {
      if (tile.meets(projections.at[p])) rows += projections.at[p].pre_count;
    }
    most = std::max(most, rows);
  }
  return most;
}

unsigned groups_at_once(const Context& context, const ResidentShape& shape) {
  if (shape.exchange == Exchange::cluster) return clusters_at_once(shape);
  return context.device.multiprocessors / shape.group;
}

}  // namespace

std::size_t ResidentShape::shared_bytes() const {
  const std::size_t exchanged = exchange == Exchange::grid ? 0 : 2 * trials() * words();
  return weights * sizeof(float) + (exchanged + 2 * trials()) * sizeof(unsigned) +
         std::size_t{trials()} * listed * sizeof(std::uint16_t);
}

std::optional<ResidentShape> fit_resident(const Context& context, const ForwardArgs<float>& args, Exchange exchange,
                                          unsigned group, bool is_on_chip) {
  constexpr unsigned most_listed = 128;
  const std::size_t neurons = args.neuron_count;
  ResidentShape shape{.exchange = exchange,
                      .group = group,
                      .groups = 1,
                      .tile = divided_up(neurons, group),
                      .lanes = 1,
                      .per_thread = 1,
                      .listed = static_cast<unsigned>(std::min<std::size_t>(neurons, most_listed)),
                      .weights = 0};
  if (neurons > most_neurons || shape.width() > resident_block) return {};
  if (is_on_chip) shape.weights = std::max<std::size_t>(most_rows(args.recurrent, shape, neurons) * shape.tile, 1);
  if (shape.shared_bytes() > context.device.shared_bytes) return {};
  const unsigned at_once = groups_at_once(context, shape);
  if (at_once == 0) return {};

  const unsigned wanted = divided_up(args.batch, at_once);  // trials of a group
  shape.lanes = std::clamp(wanted, 1u, resident_block / shape.width());
  while (shape.trials() < wanted && shape.per_thread < most_per_thread) shape.per_thread *= 2;
  while (shape.shared_bytes() > context.device.shared_bytes) {
    (shape.per_thread > 1 ? shape.per_thread : shape.lanes) /= 2;
  }
  shape.groups = std::clamp(divided_up(args.batch, shape.trials()), 1u, at_once);
  return shape;
}

std::optional<ResidentShape> fit_smallest(const Context& context, const ForwardArgs<float>& args, Exchange exchange) {
  if (exchange == Exchange::block) return fit_resident(context, args, exchange, 1, true);
  if (exchange == Exchange::cluster) {
    for (unsigned group = 2; context.device.has_clusters && group <= largest_cluster; group *= 2) {
      if (const auto shape = fit_resident(context, args, exchange, group, true)) return shape;
    }
    return {};
  }
  for (unsigned group = 1; group <= context.device.multiprocessors; ++group) {
    if (const auto shape = fit_resident(context, args, exchange, group, true)) return shape;
  }
  return {};
}

}  // namespace spikeweave::SW_DEVICE
