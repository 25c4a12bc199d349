// Which pairs of cells of a projection are connected, and with which delays.
//
// A projection in which every pair is connected with one delay is dense: a block [pre, post]. Every other one is
// sparse: its synapses stand in the order (delay, pre, post), one weight each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "spikeweave/core/choice.hpp"
#include "spikeweave/core/distribution.hpp"

namespace spikeweave {

struct AllToAll {
  static constexpr std::string_view name = "all_to_all";
  static constexpr std::string_view summary = "Every presynaptic cell connects to every postsynaptic cell.";
  static constexpr auto fields() { return std::tuple{}; }
};

struct OneToOne {
  static constexpr std::string_view name = "one_to_one";
  static constexpr std::string_view summary = "Cell i of the one side connects to cell i of the other; equal sizes.";
  static constexpr auto fields() { return std::tuple{}; }
};

struct Grouped {
  static constexpr std::string_view name = "grouped";
  static constexpr std::string_view summary =
      "Neighbours of the larger side share a cell of the smaller one, as many for each.";
  static constexpr auto fields() { return std::tuple{}; }
};

struct FixedProbability {
  static constexpr std::string_view name = "fixed_probability";
  static constexpr std::string_view summary = "Each pair is connected with this probability, on its own.";

  double probability = 0.1;

  static constexpr auto fields() {
    return std::tuple{
        field("probability", &FixedProbability::probability, "", closed(0, 1), "Probability of a pair."),
    };
  }
};

struct FixedIndegree {
  static constexpr std::string_view name = "fixed_indegree";
  static constexpr std::string_view summary = "Each postsynaptic cell has so many different presynaptic ones.";

  int indegree = 0;

  static constexpr auto fields() {
    return std::tuple{
        field("indegree", &FixedIndegree::indegree, "synapses", count_from(1), "Synapses onto each postsynaptic cell."),
    };
  }
};

struct FixedOutdegree {
  static constexpr std::string_view name = "fixed_outdegree";
  static constexpr std::string_view summary = "Each presynaptic cell has so many different postsynaptic ones.";

  int outdegree = 0;

  static constexpr auto fields() {
    return std::tuple{
        field("outdegree", &FixedOutdegree::outdegree, "synapses", count_from(1), "Synapses of each presynaptic cell."),
    };
  }
};

using ConnectivitySettings =
    Choice<"type", AllToAll, OneToOne, Grouped, FixedProbability, FixedIndegree, FixedOutdegree>;

// The synapses of a sparse projection, with what both directions of a look-up need. Cells count from the first one of
// the projection's own ranges.
struct Synapses {
  std::vector<std::uint32_t> delay;      // [classes]  the delays that occur, ascending [steps]
  std::vector<std::uint32_t> row_start;  // [classes * pre_count + 1]  first synapse of (class, pre cell)
  std::vector<std::uint32_t> source;     // [synapses]  pre cell
  std::vector<std::uint32_t> target;     // [synapses]  post cell
  // The same synapses sorted by (post, class, pre): a neuron's inputs in the order in which they are added up.
  std::vector<std::uint32_t> column_start;    // [post_count + 1]
  std::vector<std::uint32_t> column_synapse;  // [synapses]  index of the synapse
  std::vector<std::uint32_t> column_source;   // [synapses]
  std::vector<std::uint32_t> column_delay;    // [synapses]  [steps]

  std::size_t count() const { return target.size(); }
};

// What the pairs of a projection are drawn from.
struct ConnectionDraw {
  std::size_t pre_begin = 0, pre_count = 0;    // global index of the first cell, number of cells
  std::size_t post_begin = 0, post_count = 0;  // likewise
  bool no_self_connections = false;            // pairs with the same global index are left out
  std::uint64_t seed = 0;
  std::uint32_t projection = 0;    // tells the draws of projections apart
  std::size_t shortest_delay = 0;  // [steps]
  double dt = 1.0;                 // [ms]
  std::string place;               // JSON pointer of the projection, for errors
};

// delay [ms]: of each synapse, rounded to whole steps; below the shortest it is an error.
// Throws InputError where the settings do not fit the sizes.
Synapses draw_synapses(const ConnectivitySettings& connectivity, const Distribution& delay, const ConnectionDraw& draw);

// The delay of a projection in steps: 0 ms means the shortest. Throws InputError at draw.place + "/delay".
std::size_t delay_steps(double delay, const ConnectionDraw& draw);

}  // namespace spikeweave
