#include "host/protocol/picture.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "host/protocol/gnuplot.hpp"

namespace spikeweave {
namespace {

// Colours that people with red-green blindness tell apart (Okabe & Ito).
constexpr const char* blue = "#0072B2";
constexpr const char* orange = "#D55E00";
constexpr const char* grey = "#666666";

std::string head(PictureFormat format, const std::string& path, bool maps) {
  const char* terminal = format == PictureFormat::png
                             ? "set terminal pngcairo font 'Sans,13' linewidth 1.5"
                             : "set terminal svg font 'Sans,15' linewidth 1.5 background '#ffffff'";
  return fmt::format("set encoding utf8\n{} size {}\nset output {}\n", terminal, maps ? "1100,540" : "1000,700",
                     quoted(path));
}

// "D = t_post - t_pre [ms]", with indices set lower and a true minus sign.
std::string axis_label(const ProtocolAxis& axis) {
  std::string label = fmt::format("{} [{}]", axis.label, axis.unit);
  const auto replace = [&label](const std::string& from, const std::string& to) {
    const std::size_t at = label.find(from);
    if (at != std::string::npos) label.replace(at, from.size(), to);
  };
  replace("t_post - t_pre", "t_{post} − t_{pre}");
  return quoted(label);
}

// Axes, grid and the lines at zero.
std::string frame(const ProtocolAxis& axis, const std::string& change_label) {
  return fmt::format(
      "set border 3 linecolor '{0}'\nset tics nomirror out\nset grid linecolor '#dddddd' linetype 1\n"
      "set xzeroaxis linetype 1 linewidth 1 linecolor '{0}'\nset yzeroaxis linetype 1 linewidth 1 linecolor '{0}'\n"
      "set xlabel {1}\nset ylabel {2}\nset offsets 0, 0, graph 0.05, graph 0.05\nset bars small\n",
      grey, axis_label(axis), quoted(change_label));
}

std::string title(const WindowResult& result) {
  return fmt::format("set title {} noenhanced\n", quoted(fmt::format("{}, protocol {}", result.rule, result.protocol)));
}

// A block of numbers; where a curve crosses x = 0 it is cut, since windows jump there.
std::string block(const std::string& name, const std::vector<double>& x, const ProtocolCurve& curve, bool cut_at_zero) {
  std::string text = fmt::format("${} << EOD\n", name);
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (cut_at_zero && i > 0 && x[i - 1] <= 0.0 && x[i] >= 0.0) text += '\n';
    text += fmt::format("{} {} {}\n", x[i], curve.change[i], curve.error.empty() ? 0.0 : curve.error[i]);
  }
  return text + "EOD\n";
}

// "pre_post_pre" as a person writes it.
std::string label_of(std::string name) {
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

struct Plot {
  std::string blocks;
  std::string elements;  // of the plot command

  void add(const std::string& block_text, const std::string& element) {
    blocks += block_text;
    elements += (elements.empty() ? "plot " : ", \\\n     ") + element;
  }
};

void add_fit(Plot& plot, const WindowFit& fit, double scale, double from, double to, const std::string& name,
             const std::string& style) {
  constexpr int samples = 200;
  const auto side = [&](const ExponentialFit& one, const std::string& sign, double end) {
    if (!one.fitted() || end == 0.0) return;
    const std::string block_name = name + (end > 0.0 ? "_plus" : "_minus");
    std::string text = fmt::format("${} << EOD\n", block_name);
    for (int n = 0; n <= samples; ++n) {
      const double x = end * n / samples;
      text +=
          fmt::format("{} {}\n", x, (end > 0.0 ? scale : -scale) * one.amplitude * std::exp(-std::abs(x) / one.tau));
    }
    const std::string label =
        fmt::format("{}: A_{{{}}} = {:.3g}, τ_{{{}}} = {:.3g} ms", name == "fit" ? "fit" : "fit of measured", sign,
                    one.amplitude, sign, one.tau);
    plot.add(text + "EOD\n", fmt::format("${} using 1:2 with lines {} title {}", block_name, style, quoted(label)));
  };
  side(fit.plus, "+", std::max(to, 0.0));
  side(fit.minus, "−", std::min(from, 0.0));
}

void add_measurement(Plot& plot, const Measurement& measurement) {
  std::string text = "$measured << EOD\n";
  bool errors = false;
  for (const WindowPoint& point : measurement.points) {
    text +=
        fmt::format("{} {} {}\n", point.difference, measurement.scale * point.change, measurement.scale * point.error);
    errors = errors || point.error > 0.0;
  }
  plot.add(text + "EOD\n", fmt::format("$measured using 1:2{} pointtype 6 pointsize 1 linecolor '{}' title {}",
                                       errors ? ":3 with yerrorbars" : " with points", grey,
                                       quoted(fmt::format("measured, {} {:.3g}", "fraction ×", measurement.scale))));
}

std::string curves_script(const WindowResult& result) {
  const ProtocolResult& curves = result.curves;
  const std::vector<double>& x = curves.axes.front().values;
  const bool per_second = curves.change_unit == "weight/s";
  const bool window = result.fit.has_value();
  Plot plot;
  double from = x.front(), to = x.back();
  if (result.measurement) {
    for (const WindowPoint& point : result.measurement->points) {
      from = std::min(from, point.difference);
      to = std::max(to, point.difference);
    }
    add_measurement(plot, *result.measurement);
    add_fit(plot, result.measurement->fit, result.measurement->scale, from, to, "measured_fit",
            fmt::format("dashtype 3 linewidth 1.5 linecolor '{}'", grey));
  }
  if (window) {
    add_fit(plot, *result.fit, 1.0, from, to, "fit", fmt::format("linewidth 1.5 linecolor '{}'", orange));
  }
  for (std::size_t i = 0; i < curves.curves.size(); ++i) {
    const ProtocolCurve& curve = curves.curves[i];
    const std::string name = fmt::format("curve{}", i);
    const std::string label = curves.curves.size() == 1 ? "computed" : label_of(curve.name);
    const std::string style = !curve.error.empty() ? "using 1:2:3 with yerrorlines pointtype 7 pointsize 0.8"
                              : window             ? "using 1:2 with points pointtype 7 pointsize 0.5"
                                                   : "using 1:2 with linespoints pointtype 7 pointsize 0.6";
    plot.add(block(name, x, curve, x.front() < 0.0), fmt::format("${} {} linecolor '{}' title {} noenhanced", name,
                                                                 style, i == 0 ? blue : orange, quoted(label)));
  }
  // Two columns below the picture; gnuplot takes the marks of indices for letters, hence the negative width.
  const std::string key = window || curves.curves.size() > 1
                              ? "set key below vertical maxrows 3 reverse Left samplen 2 spacing 1.2 width -5\n"
                              : "unset key\n";
  return frame(curves.axes.front(), per_second ? "mean change [weight/s]" : "change [weight]") + title(result) +
         fmt::format("set xrange [{}:{}]\n", from, to) + key + plot.blocks + plot.elements + "\n";
}

// Two maps side by side with one scale of colours, white at 0.
std::string maps_script(const WindowResult& result) {
  const ProtocolResult& curves = result.curves;
  double largest = 0.0;
  std::string blocks;
  for (std::size_t c = 0; c < curves.curves.size(); ++c) {
    blocks += fmt::format("$map{} << EOD\n", c);
    std::size_t i = 0;
    for (const double first : curves.axes[0].values) {
      for (const double second : curves.axes[1].values) {
        const double change = curves.curves[c].change[i++];
        largest = std::max(largest, std::abs(change));
        blocks += fmt::format("{} {} {}\n", first, second, change);
      }
      blocks += '\n';
    }
    blocks += "EOD\n";
  }
  const auto range = [](const ProtocolAxis& axis) {
    const double half = 0.5 * (axis.values.size() > 1 ? axis.values[1] - axis.values[0] : axis.values[0]);
    return fmt::format("[{}:{}]", axis.values.front() - half, axis.values.back() + half);
  };
  std::string text = fmt::format(
      "{}set multiplot layout 1,{} margins 0.08,0.87,0.13,0.84 spacing 0.08 title {} noenhanced\n"
      "set palette defined (-1 '{}', 0 '#ffffff', 1 '{}')\nset cbrange [{}:{}]\nset tics out nomirror\nunset key\n"
      "set xrange {}\nset yrange {}\nset xlabel {}\nset ylabel {}\nset cblabel 'change [weight]'\n",
      blocks, curves.curves.size(), quoted(result.rule + ", protocol " + result.protocol), blue, orange,
      largest > 0.0 ? -largest : -1.0, largest > 0.0 ? largest : 1.0, range(curves.axes[0]), range(curves.axes[1]),
      axis_label(curves.axes[0]), axis_label(curves.axes[1]));
  for (std::size_t c = 0; c < curves.curves.size(); ++c) {
    const bool last = c + 1 == curves.curves.size();  // the scale of colours, which all maps share, stands beside it
    text += fmt::format("{} colorbox\nset title {}\nplot $map{} using 1:2:3 with image\n", last ? "set" : "unset",
                        quoted(label_of(curves.curves[c].name)), c);
  }
  return text + "unset multiplot\n";
}

}  // namespace

std::string picture_script(const WindowResult& result, PictureFormat format, const std::string& path) {
  const bool maps = result.curves.axes.size() > 1;
  return head(format, path, maps) + (maps ? maps_script(result) : curves_script(result)) + "unset output\n";
}

}  // namespace spikeweave
