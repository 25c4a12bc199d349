#include <algorithm>
#include <vector>

#include "host/cpu/active_list.hpp"
#include "host/cpu/operations.hpp"

namespace spikeweave::cpu {

template <class Real>
void readout(const ReadoutArgs<Real>& args, int threads) {
  const std::size_t batch = args.output.shape[0];
  const std::size_t steps = args.output.shape[1];
  const std::size_t outputs = args.output.shape[2];
#pragma omp parallel for schedule(dynamic) num_threads(threads_for(batch, threads))
  for (std::size_t b = 0; b < batch; ++b) {
    std::vector<Real> y(outputs, Real(0));
    if (args.window.begin > 0) std::copy_n(args.filtered.row(b), outputs, y.begin());
    std::vector<Real> drive(outputs);
    std::vector<const Real*> rows;
    std::vector<Real> sent;
    const auto length = static_cast<std::size_t>(args.length[b]);
    for (std::size_t t = args.window.begin; t < args.window.end_in(length); ++t) {
      const std::uint8_t* spikes = args.spikes.row(b, t);
      const std::uint8_t* mask = args.mask.empty() ? nullptr : args.mask.row(b, t / args.frame_steps);
      std::fill(drive.begin(), drive.end(), Real(0));
      for (std::size_t p = 0; p < args.projections.count; ++p) {
        const ProjectionView<Real>& projection = args.projections.at[p];
        rows.clear();
        sent.clear();
        Real* const to = drive.data() + projection.post_begin;
        const std::size_t pre_end = projection.pre_begin + projection.pre_count;
        const auto add = [&](std::size_t j) {
          if (mask != nullptr && mask[j] == 0) return;
          rows.push_back(projection.weights + (j - projection.pre_begin) * projection.post_count);
          if (!args.outputs.empty()) sent.push_back(args.outputs(b, t, j));
        };
        if (args.outputs.empty()) {
          for_each_active(spikes, projection.pre_begin, pre_end, add);
          add_rows(rows.data(), rows.size(), to, projection.post_count);
        } else {
          for_each_active(args.outputs.row(b, t), projection.pre_begin, pre_end, add);
          add_scaled_rows(rows.data(), sent.data(), rows.size(), to, projection.post_count);
        }
      }
      Real* out = args.output.row(b, t);
      for (std::size_t k = 0; k < outputs; ++k) {
        y[k] = readout_step(args.derived, y[k], args.mask_scale * drive[k]);
        out[k] = args.bias.empty() ? y[k] : y[k] + args.bias[k];
      }
    }
    if (!args.filtered.empty()) std::copy_n(y.begin(), outputs, args.filtered.row(b));
    for (std::size_t t = std::max(args.window.begin, length); t < args.window.end_or(steps); ++t) {
      std::fill_n(args.output.row(b, t), outputs, Real(0));
    }
  }
}
template void readout<float>(const ReadoutArgs<float>&, int);
template void readout<double>(const ReadoutArgs<double>&, int);

}  // namespace spikeweave::cpu
