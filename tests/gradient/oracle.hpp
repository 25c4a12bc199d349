// An independent double-precision oracle: networks of LIF and ALIF neurons, their losses, and the gradients that a
// learning rule is measured against. Written from the equations alone; shares no code with the library, on purpose:
// include nothing from include/ here. Slow, dense, literal.
//
// Source: Bellec et al. (2020), Nat. Commun. 11:3625, eq. 13 and 22-25, and its public code for the readout.
// Notation: j post, i pre, k output, t step. Matrices are stored W[post][pre], the transpose of the library's order.
#pragma once

#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

namespace spikeweave::oracle {

struct Matrix {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::vector<double> values;  // row-major

  Matrix() = default;
  Matrix(std::size_t row_count, std::size_t column_count)
      : rows(row_count), columns(column_count), values(row_count * column_count, 0.0) {}
  double& operator()(std::size_t row, std::size_t column) { return values[row * columns + column]; }
  double operator()(std::size_t row, std::size_t column) const { return values[row * columns + column]; }
};

inline Matrix transposed(const Matrix& matrix) {
  Matrix result(matrix.columns, matrix.rows);
  for (std::size_t r = 0; r < matrix.rows; ++r) {
    for (std::size_t c = 0; c < matrix.columns; ++c) result(c, r) = matrix(r, c);
  }
  return result;
}

// Euclidean norm.
inline double norm(const std::vector<double>& values) {
  return std::sqrt(std::inner_product(values.begin(), values.end(), values.begin(), 0.0));
}

inline double absolute_sum(const Matrix& matrix) {
  double sum = 0.0;
  for (const double value : matrix.values) sum += std::abs(value);
  return sum;
}

// |a - b| / |b| over all elements; NaN if anything is, which fails every comparison.
inline double difference(const Matrix& a, const Matrix& b) {
  std::vector<double> delta(a.values);
  for (std::size_t n = 0; n < delta.size(); ++n) delta[n] -= b.values[n];
  return norm(delta) / norm(b.values);
}

// Sizes and parameters. The constructor makes every weight 0 and every neuron a LIF with tau_m = 20 steps.
struct OracleNetwork {
  OracleNetwork(std::size_t inputs, std::size_t neurons, std::size_t outputs);

  std::size_t input_count;
  std::size_t neuron_count;
  std::size_t output_count;

  // Per neuron, [neuron_count]
  std::vector<double> alpha;  // exp(-dt/tau_m)
  std::vector<double> rho_a;  // exp(-dt/tau_a)
  std::vector<double> beta;   // threshold rise per spike; 0 is a LIF
  std::vector<double> v_th;   // threshold, reset and half-width of psi
  std::vector<double> zeta;   // input gain: 1 or 1 - alpha
  std::vector<double> gamma;  // psi is gamma / v_th at the threshold
  std::vector<int> n_ref;     // [steps]

  double kappa;         // exp(-dt/tau_out)
  double readout_gain;  // 1 - kappa or 1

  std::size_t delay = 1;  // [steps]  of w_rec

  Matrix w_in;               // [neuron_count, input_count]
  Matrix w_rec;              // [neuron_count, neuron_count]   the diagonal is never read
  Matrix w_out;              // [output_count, neuron_count]
  std::vector<double> bias;  // [output_count]   added after the filter
  Matrix feedback;           // [neuron_count, output_count]   B

  // Above 0: a spike becomes sigmoid((v - A) / width), psi its derivative, refractoriness off. The network is then
  // differentiable, and finite differences mean something.
  double relaxation_width = 0.0;
};

// Everything that happened in one trial of T steps; states start at zero.
struct OracleRecord {
  Matrix v;          // [T, neuron_count]
  Matrix threshold;  // [T, neuron_count]   A
  Matrix psi;        // [T, neuron_count]   pseudo-derivative, 0 while refractory
  Matrix z;          // [T, neuron_count]   spikes, 0 or 1
  Matrix y;          // [T, output_count]   readout with its bias
};

inline double spike_count(const OracleRecord& record) {
  return absolute_sum(record.z);
}

// input: [T, input_count].
OracleRecord run_trial(const OracleNetwork& network, const Matrix& input);

enum class OracleLoss {
  squared_error,          // 0.5 * sum_k (y - target)^2
  softmax_cross_entropy,  // -sum_k target * log softmax(y)_k, targets sum to 1 over k
  sigmoid_cross_entropy   // -sum_k [target * log s(y) + (1 - target) * log(1 - s(y))], independent outputs
};

struct OracleTarget {
  OracleLoss loss = OracleLoss::squared_error;
  Matrix values;                // [T, output_count]
  std::vector<double> weights;  // [T]   factor of each step; 0 outside the learning window
};

struct OracleError {
  double loss = 0.0;
  Matrix error;  // [T, output_count]   d loss / d y
};

OracleError evaluate(const OracleTarget& target, const Matrix& y);

// Derivative of (c_reg / 2) * sum_j (f_j - rate)^2 to each spike of neuron j, f_j = spikes of j / T; rate in spikes per
// step. Shape [neuron_count].
std::vector<double> rate_signal(const OracleRecord& record, double c_reg, double rate);

struct OracleGradient {
  explicit OracleGradient(const OracleNetwork& network);

  Matrix in;                 // as w_in
  Matrix rec;                // as w_rec, zero diagonal
  Matrix out;                // as w_out
  std::vector<double> bias;  // as bias
};

// sum += factor * term.
void add_scaled(OracleGradient& sum, const OracleGradient& term, double factor);

// One trial with its error: what all gradients below start from. Holds references; build it and use it at once.
struct OracleTrial {
  const OracleNetwork& network;
  const Matrix& input;
  const OracleRecord& record;
  const Matrix& error;              // [T, output_count]
  const std::vector<double>& rate;  // [neuron_count]   rate_signal, or zeros
};

enum class Eligibility {
  plain,      // e-prop: the reset is a constant
  with_reset  // the neuron's own spike also acts through its reset
};

// e-prop with one eligibility trace per synapse, forward in time. L = feedback * error.
OracleGradient eprop_forward(const OracleTrial& trial, Eligibility form = Eligibility::plain);

// The same sum with one adjoint per neuron, backward in time.
OracleGradient eprop_adjoint(const OracleTrial& trial);

// sum_t signal[t,j] * e[t,j,i] without the readout filter, for any signal [T, neuron_count]; only in and rec are set.
OracleGradient eligibility_product(const OracleTrial& trial, const Matrix& signal);

// Which paths of a spike into later steps are differentiated. All on: the exact surrogate gradient.
struct BpttPaths {
  bool rec = true;    // to other neurons
  bool reset = true;  // to the own voltage
  bool adapt = true;  // to the own threshold
};

struct BpttResult {
  OracleGradient gradient;
  Matrix spike_adjoint;  // [T, neuron_count]   dE/dz without its adapt term
};

// Back-propagation through time; errors travel through w_out, feedback is not used.
BpttResult bptt(const OracleTrial& trial, const BpttPaths& paths);

// Adam with epsilon outside the bias correction (TensorFlow 1, NEST); one object per array.
class OracleAdam {
 public:
  OracleAdam(double eta, double beta_1, double beta_2, double epsilon)
      : eta_(eta), beta_1_(beta_1), beta_2_(beta_2), epsilon_(epsilon) {}
  void update(std::vector<double>& weights, const std::vector<double>& gradient) {
    first_moment_.resize(weights.size(), 0.0);
    second_moment_.resize(weights.size(), 0.0);
    ++update_count_;
    const double correction =
        std::sqrt(1.0 - std::pow(beta_2_, update_count_)) / (1.0 - std::pow(beta_1_, update_count_));
    for (std::size_t n = 0; n < weights.size(); ++n) {
      first_moment_[n] = beta_1_ * first_moment_[n] + (1.0 - beta_1_) * gradient[n];
      second_moment_[n] = beta_2_ * second_moment_[n] + (1.0 - beta_2_) * gradient[n] * gradient[n];
      weights[n] -= eta_ * correction * first_moment_[n] / (std::sqrt(second_moment_[n]) + epsilon_);
    }
  }

 private:
  double eta_;
  double beta_1_;
  double beta_2_;
  double epsilon_;
  int update_count_ = 0;
  std::vector<double> first_moment_;
  std::vector<double> second_moment_;
};

}  // namespace spikeweave::oracle
