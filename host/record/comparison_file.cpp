#include "host/record/comparison_file.hpp"

#include <fmt/format.h>

#include <cmath>
#include <set>

#include "host/record/hdf5_file.hpp"

namespace spikeweave {
namespace {

std::string lines(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, "\n"));
}

// "bptt/random" names one group.
std::string group_of(const ComparedRun& run) {
  std::string name = run.name;
  for (char& c : name) c = c == '/' ? '-' : c;
  return "/" + name;
}

// Each metric that some epoch has, over all epochs: NaN where there is none, as before training.
void write_metrics(Hdf5File& file, const ComparedRun& run, const std::string& group, Metrics ComparedEpoch::*split) {
  std::set<std::string> names;
  for (const ComparedEpoch& epoch : run.epochs) {
    for (const auto& [metric, value] : epoch.*split) names.insert(metric);
  }
  for (const std::string& name : names) {
    std::vector<double> values;
    for (const ComparedEpoch& epoch : run.epochs) {
      const auto found = (epoch.*split).find(name);
      values.push_back(found == (epoch.*split).end() ? std::nan("") : found->second);
    }
    file.write<double>(group + name, values, {values.size()}, {{"axes", "epoch"}});
  }
}

void write_run(Hdf5File& file, const ComparedRun& run) {
  const std::string group = group_of(run);
  const auto put = [&](const std::string& name, const std::vector<double>& values, std::size_t columns,
                       const Hdf5File::Attributes& attributes) {
    const std::vector<std::size_t> shape =
        columns == 0 ? std::vector<std::size_t>{values.size()} : std::vector<std::size_t>{run.epochs.size(), columns};
    file.write<double>(group + "/" + name, values, shape, attributes);
  };
  std::vector<double> epoch, seconds, cpu, errors, updates, feedback;
  const auto add = [](std::vector<double>& all, const std::vector<double>& more) {
    all.insert(all.end(), more.begin(), more.end());
  };
  for (const ComparedEpoch& e : run.epochs) {
    epoch.push_back(static_cast<double>(e.epoch));
    seconds.push_back(e.seconds);
    cpu.push_back(e.cpu_seconds);
    add(errors, e.errors);
    add(updates, e.updates);
    add(feedback, e.feedback);
  }
  put("epoch", epoch, 0, {{"axes", "epoch"}});
  put("seconds", seconds, 0, {{"units", "s"}, {"axes", "epoch"}});
  put("cpu_seconds", cpu, 0, {{"units", "s"}, {"axes", "epoch"}});
  const Hdf5File::Attributes of_populations{
      {"units", "degrees"}, {"axes", "epoch, population"}, {"names", lines(run.populations)}};
  const Hdf5File::Attributes of_projections{
      {"units", "degrees"}, {"axes", "epoch, projection"}, {"names", lines(run.projections)}};
  put("angle/errors", errors, run.populations.size(), of_populations);
  put("angle/updates", updates, run.projections.size(), of_projections);
  put("angle/feedback", feedback, run.projections.size(), of_projections);
  write_metrics(file, run, group + "/train/", &ComparedEpoch::train);
  write_metrics(file, run, group + "/valid/", &ComparedEpoch::valid);
  for (const auto& [split, metrics] : run.result.final) {
    for (const auto& [metric, value] : metrics) {
      file.write<double>(fmt::format("{}/final/{}/{}", group, split, metric), std::vector<double>{value}, {});
    }
  }
}

}  // namespace

void write_comparison_file(const std::string& path, const std::vector<ComparedRun>& runs) {
  Hdf5File file = Hdf5File::create(path);
  for (const ComparedRun& run : runs) write_run(file, run);
  file.close();
}

}  // namespace spikeweave
