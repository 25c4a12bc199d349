#include "host/protocol/window_text.hpp"

#include <cmath>

#include <fmt/format.h>

namespace spikeweave {
namespace {

struct TextColumn {
  std::string name, unit;
  std::vector<double> values;
};

// The values of axis `index` at every point, row-major over the axes.
std::vector<double> spread_axis(const std::vector<ProtocolAxis>& axes, std::size_t index) {
  if (axes.size() == 1) return axes.front().values;
  std::vector<double> values;
  for (const double first : axes[0].values) {
    for (const double second : axes[1].values) values.push_back(index == 0 ? first : second);
  }
  return values;
}

std::vector<TextColumn> columns_of(const WindowResult& result) {
  std::vector<TextColumn> columns;
  const ProtocolResult& curves = result.curves;
  for (std::size_t i = 0; i < curves.axes.size(); ++i) {
    columns.push_back({curves.axes[i].name, curves.axes[i].unit, spread_axis(curves.axes, i)});
  }
  const bool single = curves.curves.size() == 1;
  for (const ProtocolCurve& curve : curves.curves) {
    columns.push_back({single ? "change" : curve.name, curves.change_unit, curve.change});
    if (!curve.error.empty()) columns.push_back({"error", curves.change_unit, curve.error});
  }
  if (result.fit) {
    TextColumn fit{"fit", curves.change_unit, {}};
    for (const double difference : columns.front().values) fit.values.push_back(result.fit->at(difference));
    columns.push_back(fit);
  }
  return columns;
}

std::string side_text(const std::string& label, const char* sign, const ExponentialFit& fit, const std::string& unit) {
  if (!fit.fitted()) return fmt::format("{:<22}  none: {}\n", label, fit.reason);
  return fmt::format("{:<22}  A_{} {:.6g} +- {:.2g} {}  tau_{} {:.6g} +- {:.2g} ms  R2 {:.4f}  ({} points)\n", label,
                     sign, fit.amplitude, fit.amplitude_error, unit, sign, fit.tau, fit.tau_error, fit.r_squared,
                     fit.point_count);
}

std::string fit_text(const std::string& label, const WindowFit& fit, const std::string& unit) {
  return side_text(label + ", D > 0", "plus", fit.plus, unit) + side_text(label + ", D < 0", "minus", fit.minus, unit);
}

}  // namespace

std::string window_table(const WindowResult& result) {
  const std::vector<TextColumn> columns = columns_of(result);
  std::vector<std::string> headings;
  std::string text;
  for (const TextColumn& column : columns) {
    headings.push_back(fmt::format("{:>14}", fmt::format("{} [{}]", column.name, column.unit)));
    text += (text.empty() ? "" : "  ") + headings.back();
  }
  text += '\n';
  for (std::size_t row = 0; row < columns.front().values.size(); ++row) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const double value = columns[i].values[row];
      const std::string cell = std::isnan(value) ? "-" : fmt::format("{:.7g}", value);
      text += fmt::format("{}{:>{}}", i == 0 ? "" : "  ", cell, headings[i].size());
    }
    text += '\n';
  }
  return text;
}

std::string window_summary(const WindowResult& result) {
  std::string text;
  if (result.fit) text += fit_text("fit", *result.fit, result.curves.change_unit);
  if (result.measurement) {
    const Measurement& measurement = *result.measurement;
    text += fit_text("measured", measurement.fit, "(fraction)");
    text += fmt::format("{:<22}  {:.6g} {} per fraction", "scale", measurement.scale, result.curves.change_unit);
    text += measurement.scale_fitted
                ? fmt::format(", fitted to {} of {} points\n", measurement.scale_points, measurement.points.size())
                : ", given\n";
  }
  for (const ProtocolFigure& figure : result.curves.figures) {
    text += fmt::format("{:<22}  {:.6g} {}\n", figure.name, figure.value, figure.unit);
  }
  if (result.curves.met_bound > 0) {
    text += fmt::format(
        "note: the weight met a bound in {} of {} runs; wider bounds (/synapse/low, /synapse/high) or "
        "another /synapse/start avoid it\n",
        result.curves.met_bound, result.curves.run_count);
  }
  if (result.curves.unsettled > 0) {
    text += fmt::format(
        "note: in {} of {} runs the weight still moved {:g} s after the last spike: this rule acts in "
        "silence\n",
        result.curves.unsettled, result.curves.run_count, longest_settling / 1000.0);
  }
  return text;
}

std::string window_csv(const WindowResult& result) {
  const std::vector<TextColumn> columns = columns_of(result);
  std::string text =
      fmt::format("# spikeweave window, rule {}, protocol {}\n# {}\n", result.rule, result.protocol, result.settings);
  std::string names;
  for (const TextColumn& column : columns) {
    names += fmt::format("{}{} [{}]", names.empty() ? "" : ",", column.name, column.unit);
  }
  text += names + '\n';
  for (std::size_t row = 0; row < columns.front().values.size(); ++row) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const double value = columns[i].values[row];
      text += (i == 0 ? "" : ",") + (std::isnan(value) ? std::string() : fmt::format("{}", value));
    }
    text += '\n';
  }
  return text;
}

}  // namespace spikeweave
