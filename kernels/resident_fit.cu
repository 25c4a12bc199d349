// How many blocks hold the recurrent weights together, and how many trials they run at once.
#include <algorithm>

#include "kernels/resident_memory.cuh"

namespace spikeweave::SW_DEVICE {
namespace {

constexpr std::size_t most_neurons = 65536;  // a listed spike is 16 bits
constexpr unsigned largest_cluster = 16;     // blocks; more than 8 where the device allows it
constexpr unsigned most_per_thread = 4;      // trials
constexpr unsigned least_listed = 64;        // spikes of a trial; where memory is short, rows come before longer lists
constexpr unsigned most_listed = 1024;
// Where a cluster has most of the rows on the chip, it has three quarters of them: its barrier costs far less than one
// of the grid, but each of the others is read from the L2 cache whenever its cell fires.
constexpr std::size_t most_numerator = 3;
constexpr std::size_t most_denominator = 4;

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

// Slices that the busiest group runs, one after the other.
std::size_t rounds(const ResidentShape& shape, std::size_t batch) {
  return divided_up(batch, std::size_t{shape.trials()} * shape.groups);
}

}  // namespace

std::size_t ResidentShape::shared_bytes() const {
  const std::size_t exchanged = exchange == Exchange::grid ? 0 : 2 * trials() * words();
  return 2 * sizeof(Inbox) + weights() * sizeof(float) + (exchanged + 2 * trials()) * sizeof(unsigned) +
         std::size_t{trials()} * listed * sizeof(std::uint16_t);
}

std::optional<ResidentShape> fit_resident(const Context& context, const ForwardArgs<float>& args, Exchange exchange,
                                          unsigned group, Residence residence) {
  const std::size_t neurons = args.neuron_count;
  const std::size_t room = context.device.shared_bytes;
  ResidentShape shape{.exchange = exchange,
                      .group = group,
                      .groups = 1,
                      .tile = divided_up(neurons, group),
                      .lanes = 1,
                      .per_thread = 1,
                      .listed = std::min(divided_up(neurons, 8) * 8, least_listed),
                      .rows = 0};
  if (neurons > most_neurons || shape.width() > resident_block) return {};
  const std::size_t rows = residence == Residence::none ? 0 : most_rows(args.recurrent, shape, neurons);
  const std::size_t least =
      residence == Residence::most ? (rows * most_numerator + most_denominator - 1) / most_denominator : rows;
  shape.rows = static_cast<unsigned>(least);
  if (shape.shared_bytes() > room) return {};
  const unsigned at_once = groups_at_once(context, shape);
  if (at_once == 0) return {};

  const unsigned wanted = divided_up(args.batch, at_once);  // trials of a group
  shape.lanes = std::clamp(wanted, 1u, resident_block / shape.width());
  while (shape.trials() < wanted && shape.per_thread < most_per_thread) ++shape.per_thread;
  // No more trials at a time than the same number of rounds needs: a step takes longer with each.
  const auto rounds_of = [&](unsigned per_thread) {
    return divided_up(args.batch, std::size_t{at_once} * shape.lanes * per_thread);
  };
  while (shape.per_thread > 1 && rounds_of(shape.per_thread - 1) == rounds_of(shape.per_thread)) --shape.per_thread;
  while (shape.shared_bytes() > room) --(shape.per_thread > 1 ? shape.per_thread : shape.lanes);
  const std::size_t more = (room - shape.shared_bytes()) / (shape.tile * sizeof(float));
  shape.rows += static_cast<unsigned>(std::min(rows - least, more));
  while (shape.listed < std::min<std::size_t>(neurons, most_listed)) {
    ResidentShape longer = shape;
    longer.listed *= 2;
    if (longer.shared_bytes() > room) break;
    shape = longer;
  }
  shape.groups = std::clamp(divided_up(args.batch, shape.trials()), 1u, at_once);
  return shape;
}

std::optional<ResidentShape> fit_smallest(const Context& context, const ForwardArgs<float>& args, Exchange exchange) {
  if (exchange == Exchange::block) return fit_resident(context, args, exchange, 1, Residence::all);
  const bool is_cluster = exchange == Exchange::cluster;
  if (is_cluster && !context.device.has_clusters) return {};
  std::optional<ResidentShape> best;
  const auto try_out = [&](unsigned group, Residence residence) {
    const auto shape = fit_resident(context, args, exchange, group, residence);
    if (shape && (!best || rounds(*shape, args.batch) < rounds(*best, args.batch))) best = shape;
    return best && rounds(*best, args.batch) <= 1;
  };
  const unsigned largest = is_cluster ? largest_cluster : context.device.multiprocessors;
  for (unsigned group = is_cluster ? 2 : 1; group <= largest; group += is_cluster ? group : 1) {
    if (try_out(group, Residence::all)) return best;
  }
  if (is_cluster) try_out(largest, Residence::most);
  return best;
}

}  // namespace spikeweave::SW_DEVICE
