#include "host/protocol/window_file.hpp"

#include <cstdint>
#include <span>

#include "host/record/hdf5_file.hpp"
#include "spikeweave/version.hpp"

namespace spikeweave {
namespace {

void write(Hdf5File& file, const std::string& name, const std::vector<double>& values,
           const std::vector<std::size_t>& shape, const Hdf5File::Attributes& attributes) {
  file.write<double>(name, values, shape, attributes);
}

void write_curves(Hdf5File& file, const ProtocolResult& result) {
  std::vector<std::size_t> shape;
  std::string axes;
  for (const ProtocolAxis& axis : result.axes) {
    write(file, "axes/" + axis.name, axis.values, {axis.values.size()}, {{"units", axis.unit}, {"label", axis.label}});
    shape.push_back(axis.values.size());
    axes += (axes.empty() ? "" : ", ") + axis.name;
  }
  for (const ProtocolCurve& curve : result.curves) {
    const Hdf5File::Attributes attributes{{"units", result.change_unit}, {"axes", axes}};
    write(file, "curves/" + curve.name + "/change", curve.change, shape, attributes);
    if (!curve.error.empty()) write(file, "curves/" + curve.name + "/error", curve.error, shape, attributes);
  }
}

void write_fit(Hdf5File& file, const std::string& group, const WindowFit& fit, const std::string& unit) {
  const auto side = [&](const std::string& name, const ExponentialFit& one) {
    if (!one.fitted()) {
      write(file, group + "/" + name, {}, {0}, {{"reason", one.reason}});
      return;
    }
    write(file, group + "/" + name, {one.amplitude, one.amplitude_error, one.tau, one.tau_error, one.r_squared}, {5},
          {{"axes", "amplitude, amplitude_error, tau, tau_error, r_squared"}, {"units", unit + ", ms"}});
  };
  side("plus", fit.plus);
  side("minus", fit.minus);
}

void write_measurement(Hdf5File& file, const Measurement& measurement) {
  std::vector<double> rows;
  for (const WindowPoint& point : measurement.points) {
    rows.insert(rows.end(), {point.difference, point.change, point.error});
  }
  write(file, "measured/points", rows, {measurement.points.size(), 3},
        {{"axes", "point, (difference [ms], change, error)"}, {"units", "fraction"}, {"file", measurement.file}});
  write(file, "measured/scale", {measurement.scale}, {},
        {{"units", "weight per fraction"}, {"origin", measurement.scale_fitted ? "fitted" : "given"}});
  write_fit(file, "measured/fit", measurement.fit, "fraction");
}

}  // namespace

void write_window_file(const std::string& path, const WindowResult& result) {
  Hdf5File file = Hdf5File::create(path);
  write_curves(file, result.curves);
  for (const ProtocolFigure& figure : result.curves.figures) {
    write(file, "figures/" + figure.name, {figure.value}, {}, {{"units", figure.unit}});
  }
  if (result.fit) write_fit(file, "fit", *result.fit, result.curves.change_unit);
  if (result.measurement) write_measurement(file, *result.measurement);
  file.write_attribute("/", "version", std::int64_t{1});  // of this layout
  file.write_attribute("/", "spikeweave", std::string(version));
  file.write_attribute("/", "rule", result.rule);
  file.write_attribute("/", "protocol", result.protocol);
  file.write_attribute("/", "settings", result.settings);
  file.close();
}

}  // namespace spikeweave
