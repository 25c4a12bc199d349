#include "spikeweave/network/connectivity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "spikeweave/core/error.hpp"
#include "spikeweave/core/random.hpp"

namespace spikeweave {
namespace {

// The connected pairs, row by row: the post cells of pre cell i, ascending.
using Rows = std::vector<std::vector<std::uint32_t>>;

bool is_self(const ConnectionDraw& draw, std::size_t i, std::size_t j) {
  return draw.no_self_connections && draw.pre_begin + i == draw.post_begin + j;
}

void connect(const AllToAll&, const ConnectionDraw& draw, Rows& rows) {
  for (std::size_t i = 0; i < draw.pre_count; ++i) {
    for (std::size_t j = 0; j < draw.post_count; ++j) {
      if (!is_self(draw, i, j)) rows[i].push_back(static_cast<std::uint32_t>(j));
    }
  }
}

void connect(const OneToOne&, const ConnectionDraw& draw, Rows& rows) {
  if (draw.pre_count != draw.post_count) {
    throw InputError(
        draw.place + "/connectivity/type",
        fmt::format("one_to_one needs equal sizes; here {} cells connect to {}", draw.pre_count, draw.post_count));
  }
  for (std::size_t i = 0; i < draw.pre_count; ++i) {
    if (!is_self(draw, i, i)) rows[i].push_back(static_cast<std::uint32_t>(i));
  }
}

// Jumps from one connected pair to the next by geometric steps, so that the cost is that of the synapses.
void connect(const FixedProbability& settings, const ConnectionDraw& draw, Rows& rows) {
  if (settings.probability >= 1.0) return connect(AllToAll{}, draw, rows);
  if (settings.probability <= 0.0) return;
  const RandomStream random(draw.seed, Purpose::connectivity, draw.projection);
  const double log_miss = std::log1p(-settings.probability);
  for (std::size_t i = 0; i < draw.pre_count; ++i) {
    double j = -1.0;
    for (std::uint64_t n = 0;; ++n) {
      j += 1.0 + std::floor(std::log1p(-random.uniform(std::uint64_t{i} << 32 | n)) / log_miss);
      if (j >= static_cast<double>(draw.post_count)) break;
      const auto post = static_cast<std::size_t>(j);
      if (!is_self(draw, i, post)) rows[i].push_back(static_cast<std::uint32_t>(post));
    }
  }
}

// `wanted` different numbers below `count`, none of them `excluded`; Floyd's algorithm on the others.
std::vector<std::uint32_t> draw_different(const RandomStream& random, std::uint64_t row, std::size_t wanted,
                                          std::size_t count, std::size_t excluded) {
  const std::size_t others = count - (excluded < count ? 1 : 0);
  std::vector<std::uint32_t> chosen;
  for (std::size_t n = others - wanted; n < others; ++n) {
    const auto candidate = static_cast<std::uint32_t>(random.uniform(row << 32 | n) *
                                                      static_cast<double>(n + 1));  // below n + 1: uniform() is below 1
    const auto at = std::lower_bound(chosen.begin(), chosen.end(), candidate);
    if (at == chosen.end() || *at != candidate) {
      chosen.insert(at, candidate);
    } else {
      chosen.push_back(static_cast<std::uint32_t>(n));  // larger than all before
    }
  }
  for (std::uint32_t& cell : chosen) cell += cell >= excluded ? 1 : 0;
  return chosen;
}

void require_degree(const ConnectionDraw& draw, const char* key, std::size_t degree, std::size_t cells, bool self) {
  const std::size_t most = cells - (self && cells > 0 ? 1 : 0);
  if (degree <= most) return;
  throw InputError(fmt::format("{}/connectivity/{}", draw.place, key),
                   fmt::format("{} different cells are wanted, and there are {}", degree, most));
}

// The cell of the other side that `cell` must not connect to; `count` where there is none.
std::size_t excluded_cell(const ConnectionDraw& draw, std::size_t global, std::size_t begin, std::size_t count) {
  const bool inside = draw.no_self_connections && global >= begin && global - begin < count;
  return inside ? global - begin : count;
}

void connect(const Grouped&, const ConnectionDraw& draw, Rows& rows) {
  const std::size_t large = std::max(draw.pre_count, draw.post_count);
  const std::size_t small = std::min(draw.pre_count, draw.post_count);
  if (large % small != 0) {
    throw InputError(draw.place + "/connectivity",
                     fmt::format("grouped: {} cells are no multiple of {}", large, small));
  }
  const std::size_t group = large / small;
  for (std::size_t n = 0; n < large; ++n) {
    const std::size_t i = draw.pre_count == large ? n : n / group;
    const std::size_t j = draw.pre_count == large ? n / group : n;
    rows[i].push_back(static_cast<std::uint32_t>(j));
  }
}

void connect(const FixedIndegree& settings, const ConnectionDraw& draw, Rows& rows) {
  const auto degree = static_cast<std::size_t>(settings.indegree);
  const RandomStream random(draw.seed, Purpose::connectivity, draw.projection);
  for (std::size_t j = 0; j < draw.post_count; ++j) {
    const std::size_t excluded = excluded_cell(draw, draw.post_begin + j, draw.pre_begin, draw.pre_count);
    require_degree(draw, "indegree", degree, draw.pre_count, excluded < draw.pre_count);
    for (const std::uint32_t i : draw_different(random, j, degree, draw.pre_count, excluded)) {
      rows[i].push_back(static_cast<std::uint32_t>(j));
    }
  }
}

void connect(const FixedOutdegree& settings, const ConnectionDraw& draw, Rows& rows) {
  const auto degree = static_cast<std::size_t>(settings.outdegree);
  const RandomStream random(draw.seed, Purpose::connectivity, draw.projection);
  for (std::size_t i = 0; i < draw.pre_count; ++i) {
    const std::size_t excluded = excluded_cell(draw, draw.pre_begin + i, draw.post_begin, draw.post_count);
    require_degree(draw, "outdegree", degree, draw.post_count, excluded < draw.post_count);
    rows[i] = draw_different(random, i, degree, draw.post_count, excluded);
  }
}

// Puts the synapses in the order (delay, pre, post). delays: of each synapse in the order (pre, post).
void lay_out_rows(const Rows& rows, const std::vector<std::uint32_t>& delays, Synapses& synapses) {
  synapses.delay = delays;
  std::sort(synapses.delay.begin(), synapses.delay.end());
  synapses.delay.erase(std::unique(synapses.delay.begin(), synapses.delay.end()), synapses.delay.end());
  const auto class_of = [&](std::uint32_t delay) {
    return static_cast<std::size_t>(std::lower_bound(synapses.delay.begin(), synapses.delay.end(), delay) -
                                    synapses.delay.begin());
  };
  synapses.row_start.assign(synapses.delay.size() * rows.size() + 1, 0);
  std::size_t w = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t n = 0; n < rows[i].size(); ++n) ++synapses.row_start[class_of(delays[w++]) * rows.size() + i + 1];
  }
  std::partial_sum(synapses.row_start.begin(), synapses.row_start.end(), synapses.row_start.begin());
  synapses.source.resize(delays.size());
  synapses.target.resize(delays.size());
  std::vector<std::uint32_t> next(synapses.row_start.begin(), synapses.row_start.end() - 1);
  w = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (const std::uint32_t j : rows[i]) {
      const std::uint32_t at = next[class_of(delays[w++]) * rows.size() + i]++;
      synapses.source[at] = static_cast<std::uint32_t>(i);
      synapses.target[at] = j;
    }
  }
}

void lay_out_columns(std::size_t pre_count, std::size_t post_count, Synapses& synapses) {
  synapses.column_start.assign(post_count + 1, 0);
  for (const std::uint32_t j : synapses.target) ++synapses.column_start[j + 1];
  std::partial_sum(synapses.column_start.begin(), synapses.column_start.end(), synapses.column_start.begin());
  std::vector<std::uint32_t> next(synapses.column_start.begin(), synapses.column_start.end() - 1);
  synapses.column_synapse.resize(synapses.count());
  synapses.column_source.resize(synapses.count());
  synapses.column_delay.resize(synapses.count());
  for (std::size_t c = 0; c < synapses.delay.size(); ++c) {
    for (std::uint32_t w = synapses.row_start[c * pre_count]; w < synapses.row_start[(c + 1) * pre_count]; ++w) {
      const std::uint32_t at = next[synapses.target[w]]++;
      synapses.column_synapse[at] = w;
      synapses.column_source[at] = synapses.source[w];
      synapses.column_delay[at] = synapses.delay[c];
    }
  }
}

}  // namespace

std::size_t delay_steps(double delay, const ConnectionDraw& draw) {
  constexpr double most = 1e6;  // steps: as many rows of spikes are kept
  const double steps = std::round(delay / draw.dt);
  if (delay == 0.0) return draw.shortest_delay;
  if (steps < static_cast<double>(std::max<std::size_t>(draw.shortest_delay, 1)) || steps > most) {
    throw InputError(
        draw.place + "/delay",
        fmt::format("{} ms is {} steps of {} ms; at least {} and at most {:.0f} are allowed (0: the shortest)", delay,
                    steps, draw.dt, std::max<std::size_t>(draw.shortest_delay, 1), most));
  }
  return static_cast<std::size_t>(steps);
}

Synapses draw_synapses(const ConnectivitySettings& connectivity, const Distribution& delay,
                       const ConnectionDraw& draw) {
  Rows rows(draw.pre_count);
  connectivity.visit([&](const auto& settings) { connect(settings, draw, rows); });
  std::size_t count = 0;
  for (const auto& row : rows) count += row.size();
  if (count >= std::numeric_limits<std::uint32_t>::max()) {
    throw InputError(draw.place, fmt::format("{} synapses; a projection may have {}", count,
                                             std::numeric_limits<std::uint32_t>::max() - 1));
  }
  const RandomStream random(draw.seed, Purpose::delays, draw.projection);
  std::vector<std::uint32_t> delays(count);
  for (std::size_t w = 0; w < count; ++w) {
    delays[w] = static_cast<std::uint32_t>(delay_steps(delay.draw(random, w), draw));
  }
  Synapses synapses;
  lay_out_rows(rows, delays, synapses);
  lay_out_columns(draw.pre_count, draw.post_count, synapses);
  return synapses;
}

}  // namespace spikeweave
