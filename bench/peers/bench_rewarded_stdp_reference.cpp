// The network of tasks/science/rewarded_stdp.json written out by itself, to compare figures with; shares no code with
// the program.
//
//   bench_rewarded_stdp_reference SEED [SECONDS [both|depress]]
//
// Source: Izhikevich (2007), Cereb. Cortex 17:2443-2452, after the algorithm of its published code. `both`: cells that
// fire in the same step pair both ways, as there; `depress` (default): they depress only, as in the experiment file,
// where events arrive a step later and a post spike of the sending step has come first.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

namespace {

constexpr int excitatory = 800, cells = 1000, outdegree = 100;
constexpr int plastic = excitatory * outdegree;
constexpr double highest = 4.0, ltp = 0.1, ltd = 1.5;

class Network {
 public:
  Network(unsigned seed, bool pairs_both_ways) : random_(seed), both_(pairs_both_ways) {
    for (int pre = 0; pre < cells; ++pre) {
      for (int k = 0; k < outdegree; ++k) {
        const int post = static_cast<int>((pre < excitatory ? cells : excitatory) * uniform());
        if (pre < excitatory) incoming_[static_cast<std::size_t>(post)].push_back(static_cast<int>(target_.size()));
        target_.push_back(post);
        weight_.push_back(pre < excitatory ? 1.0 : -1.0);
      }
    }
    weight_[0] = 0.0;
    for (double& u : u_) u = 0.2 * -65.0;
  }

  void step(long now) {
    fired_.clear();
    for (int i = 0; i < cells; ++i) {
      current_[at(i)] = 13.0 * (uniform() - 0.5);
      if (v_[at(i)] < 30.0) continue;
      fired_.push_back(i);
      v_[at(i)] = -65.0;
      u_[at(i)] += is_excitatory(i) ? 8.0 : 2.0;
    }
    if (both_) set_traces();
    for (const int post : fired_) {
      for (const int synapse : incoming_[at(post)]) eligibility_[at(synapse)] += trace_[at(synapse / outdegree)];
    }
    if (!both_) set_traces();
    for (const int pre : fired_) {
      for (int synapse = pre * outdegree; synapse < (pre + 1) * outdegree; ++synapse) {
        current_[at(target_[at(synapse)])] += weight_[at(synapse)];
        if (is_excitatory(pre)) eligibility_[at(synapse)] -= ltd * trace_[at(target_[at(synapse)])];
      }
    }
    for (int i = 0; i < cells; ++i) {
      double& v = v_[at(i)];
      for (int half = 0; half < 2; ++half) v += 0.5 * ((0.04 * v + 5.0) * v + 140.0 - u_[at(i)] + current_[at(i)]);
      u_[at(i)] += (is_excitatory(i) ? 0.02 : 0.1) * (0.2 * v - u_[at(i)]);
      trace_[at(i)] *= std::exp(-1.0 / 20.0);
    }
    modulator_ *= std::exp(-1.0 / 200.0);
    if (now % 10 == 0) change_weights();
    reward(now);
  }

  void print(int seconds) const {
    double sum = 0.0;
    int above = 0;
    for (int w = 0; w < plastic; ++w) {
      sum += weight_[at(w)];
      above += weight_[at(w)] > weight_[0] ? 1 : 0;
    }
    std::printf("%d s: rewarded synapse %.3f, above it %.3f %%, mean %.3f, coincidences %d\n", seconds, weight_[0],
                100.0 * above / plastic, sum / plastic, coincidences_);
  }

 private:
  static std::size_t at(int index) { return static_cast<std::size_t>(index); }
  static bool is_excitatory(int cell) { return cell < excitatory; }
  double uniform() { return std::uniform_real_distribution<double>()(random_); }

  void set_traces() {
    for (const int i : fired_) trace_[at(i)] = ltp;
  }

  void change_weights() {
    const double factor = 0.002 + modulator_;
    for (int w = 0; w < plastic; ++w) {
      weight_[at(w)] = std::clamp(weight_[at(w)] + factor * eligibility_[at(w)], 0.0, highest);
      eligibility_[at(w)] *= 0.99;
    }
  }

  // The post cell of synapse 0 within 20 ms after its pre cell: a reward 1 to 3 s later.
  void reward(long now) {
    const auto fires = [this](int cell) { return std::find(fired_.begin(), fired_.end(), cell) != fired_.end(); };
    if (fires(0)) last_pre_ = now;
    if (fires(target_[0]) && now > last_pre_ && now - last_pre_ < 20) {
      ++coincidences_;
      rewards_.push_back(now + 1000 + static_cast<long>(std::ceil(2000.0 * uniform())));
    }
    const auto due = std::remove(rewards_.begin(), rewards_.end(), now);
    if (due != rewards_.end()) modulator_ += 0.5;
    rewards_.erase(due, rewards_.end());
  }

  std::mt19937 random_;
  bool both_;
  std::vector<int> target_;
  std::vector<double> weight_;
  std::vector<std::vector<int>> incoming_{cells};
  std::vector<double> eligibility_ = std::vector<double>(cells * outdegree, 0.0);
  std::vector<double> v_ = std::vector<double>(cells, -65.0), u_ = v_, current_ = v_;
  std::vector<double> trace_ = std::vector<double>(cells, 0.0);
  std::vector<int> fired_;
  std::vector<long> rewards_;
  double modulator_ = 0.0;
  long last_pre_ = -100;
  int coincidences_ = 0;
};

}  // namespace

int main(int argument_count, char** arguments) {
  if (argument_count < 2) {
    std::fprintf(stderr, "usage: %s SEED [SECONDS [both|depress]]\n", arguments[0]);
    return 2;
  }
  const int seconds = argument_count > 2 ? std::atoi(arguments[2]) : 3600;
  Network network(static_cast<unsigned>(std::atoi(arguments[1])),
                  argument_count > 3 && std::strcmp(arguments[3], "both") == 0);
  for (int second = 1; second <= seconds; ++second) {
    for (int t = 0; t < 1000; ++t) network.step(1000L * (second - 1) + t);
    if (second % 600 == 0 || second == seconds) network.print(second);
  }
}
