// numpy's legacy generator, and the arrays of the published e-prop runs that are drawn with it.
//
// The checksums are CRC-32 of the arrays in the published layout [n_target, n_source]:
//   python3 -c "import gzip, io, zlib, numpy as n; f = gzip.open(FILE).read()
//   print(hex(zlib.crc32(n.load(io.BytesIO(f)).tobytes())))"
// with FILE = nest_eprop_inputs/*.npy.gz of the reference data; numpy 1.24.2 wrote and read them.
#include <gtest/gtest.h>
#include <zlib.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "host/task/nest_reference.hpp"
#include "spikeweave/core/error.hpp"
#include "spikeweave/core/numpy_random.hpp"

namespace spikeweave {
namespace {

// Row-major [rows, columns] to [columns, rows]: from our order (row = pre) to the published one (row = post).
template <class T>
std::vector<T> transposed(const std::vector<T>& matrix, std::size_t rows, std::size_t columns) {
  std::vector<T> result(matrix.size());
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) result[c * rows + r] = matrix[r * columns + c];
  }
  return result;
}

template <class T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

struct NamedArray {
  std::string file;           // stem in nest_eprop_inputs
  std::uint32_t checksum;     // CRC-32 of the published bytes
  std::size_t element_count;  // of the published shape
  std::string bytes;          // what we drew, in the published layout
};

void append_weights(std::vector<NamedArray>& arrays, const std::string& prefix, const NestReferenceCase& c,
                    const std::array<std::uint32_t, 4>& checksums) {
  const std::size_t in = c.input_count;
  const std::size_t rec = c.neuron_count;
  const std::size_t out = c.output_count;
  arrays.push_back({prefix + "_weights_in_rec", checksums[0], rec * in, bytes_of(transposed(c.weights_in, in, rec))});
  arrays.push_back(
      {prefix + "_weights_rec_rec", checksums[1], rec * rec, bytes_of(transposed(c.weights_rec, rec, rec))});
  arrays.push_back(
      {prefix + "_weights_rec_out", checksums[2], out * rec, bytes_of(transposed(c.weights_out, rec, out))});
  arrays.push_back({prefix + "_weights_out_rec", checksums[3], rec * out, bytes_of(transposed(c.feedback, out, rec))});
}

void append_trials(std::vector<NamedArray>& arrays, const NestReferenceCase& c,
                   const std::array<std::uint32_t, 3>& checksums) {
  const std::string prefix = "cls_batch" + std::to_string(c.batch_size);
  const std::size_t trials = NestReferenceCase::iteration_count * c.batch_size;
  arrays.push_back({prefix + "_input_spikes", checksums[0], trials * 2250 * 40, bytes_of(c.input_spikes)});
  arrays.push_back({prefix + "_target_class", checksums[1], trials, bytes_of(c.target_classes)});
  arrays.push_back({prefix + "_cues", checksums[2], trials * 7, bytes_of(c.cues)});
}

// Everything that must be equal bit for bit.
std::vector<NamedArray> drawn_arrays() {
  std::vector<NamedArray> arrays;
  const NestReferenceCase regression = nest_regression_case();
  append_weights(arrays, "reg", regression, {0x0f9d030c, 0x485f0ae6, 0x050e9977, 0x18151f6f});
  const std::vector<std::uint8_t> first_trial(regression.input_spikes.begin(),
                                              regression.input_spikes.begin() + 1000 * 100);
  arrays.push_back({"reg_input_spikes", 0x2bcaff2d, 1000 * 100, bytes_of(first_trial)});
  const NestReferenceCase single = nest_evidence_case(1);
  const NestReferenceCase pair = nest_evidence_case(2);
  append_weights(arrays, "cls", single, {0x32cb2a2d, 0xfb900f10, 0xfe249313, 0x3815f3e3});
  append_weights(arrays, "cls", pair, {0x32cb2a2d, 0xfb900f10, 0xfe249313, 0x3815f3e3});
  append_trials(arrays, single, {0xddd42a75, 0x7c66563f, 0x213126e0});
  append_trials(arrays, pair, {0x5a5c2f5a, 0xc920454f, 0x31dc8abb});
  return arrays;
}

std::string reference_folder() {
  const char* folder = std::getenv("SW_REFERENCE_DATA");
  return folder == nullptr ? std::string() : std::string(folder) + "/nest_eprop_inputs/";
}

// The raw elements of a gzip-compressed NPY version 1 file; empty if it cannot be read.
std::string read_npy_gz(const std::string& path) {
  std::string content;
  const gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) return content;
  std::array<char, 65536> block{};
  for (int count = gzread(file, block.data(), block.size()); count > 0;
       count = gzread(file, block.data(), block.size())) {
    content.append(block.data(), static_cast<std::size_t>(count));
  }
  gzclose(file);
  constexpr std::size_t preamble = 10;  // magic (6), version (2), header length (2, little endian)
  if (content.size() < preamble || content.compare(0, 6, "\x93NUMPY") != 0) return {};
  const std::size_t header = static_cast<unsigned char>(content[8]) + 256U * static_cast<unsigned char>(content[9]);
  return content.size() < preamble + header ? std::string() : content.substr(preamble + header);
}

// r = numpy.random.RandomState(1); r.random_sample(3)
TEST(NumpyRandom, RandomSampleEqualsNumpy) {
  NumpyRandom random{1};

  EXPECT_EQ(random.random_sample(), 0.417022004702574);
  EXPECT_EQ(random.random_sample(), 0.7203244934421581);
  EXPECT_EQ(random.random_sample(), 0.00011437481734488664);
}

// numpy.random.RandomState(4294967295).random_sample()
TEST(NumpyRandom, LargestSeedEqualsNumpy) {
  NumpyRandom random{4294967295U};

  EXPECT_EQ(random.random_sample(), 0.0976320289940138);
}

// r = numpy.random.RandomState(1); r.randn(5), r.random_sample(), r.randn()
TEST(NumpyRandom, SpareGaussianSurvivesOtherDraws) {
  NumpyRandom random{1};

  EXPECT_EQ(random.randn(), 1.6243453636632417);
  EXPECT_EQ(random.randn(), -0.6117564136500754);
  EXPECT_EQ(random.randn(), -0.5281717522634557);
  EXPECT_EQ(random.randn(), -1.0729686221561705);
  EXPECT_EQ(random.randn(), 0.8654076293246785);
  EXPECT_EQ(random.random_sample(), 0.4191945144032948);
  EXPECT_EQ(random.randn(), -2.3015386968802827);
}

// r = numpy.random.RandomState(1); r.randint(0, 10, 12)
TEST(NumpyRandom, RandintEqualsNumpy) {
  NumpyRandom random{1};

  for (const std::uint32_t expected : {5U, 8U, 9U, 5U, 0U, 0U, 1U, 7U, 6U, 9U, 2U, 4U}) {
    EXPECT_EQ(random.randint(10), expected);
  }
}

// r = RandomState(1); r.choice([0, 1], 20); r.uniform(.5, 2, 2); r.choice([0, 1], 10, p=numpy.array([.3, .7], 'f4'))
TEST(NumpyRandom, ChoiceAndUniformEqualNumpy) {
  NumpyRandom random{1};

  for (const std::uint32_t expected :
       {1U, 1U, 0U, 0U, 1U, 1U, 1U, 1U, 1U, 0U, 0U, 1U, 0U, 1U, 1U, 0U, 0U, 1U, 0U, 0U}) {
    EXPECT_EQ(random.randint(2), expected);
  }
  EXPECT_EQ(random.uniform(0.5, 2.0), 1.1287917716049423);
  EXPECT_EQ(random.uniform(0.5, 2.0), 1.5278292505951392);
  for (const int expected : {0, 1, 0, 1, 1, 1, 0, 0, 1, 1}) {
    EXPECT_EQ(random.choice_of_two(double{0.3f}, double{0.7f}), expected);
  }
}

TEST(NumpyRandom, RandintOfOneDrawsNothing) {
  NumpyRandom random{1};

  EXPECT_EQ(random.randint(1), 0U);
  EXPECT_EQ(random.random_sample(), 0.417022004702574);
}

TEST(NestReference, ArraysHaveThePublishedChecksums) {
  for (const NamedArray& array : drawn_arrays()) {
    const auto* data = reinterpret_cast<const Bytef*>(array.bytes.data());
    EXPECT_EQ(crc32(0, data, static_cast<uInt>(array.bytes.size())), array.checksum) << array.file;
  }
}

TEST(NestReference, ArraysEqualTheFilesBitForBit) {
  const std::string folder = reference_folder();
  if (folder.empty()) GTEST_SKIP() << "SW_REFERENCE_DATA does not name the folder that holds nest_eprop_inputs/";

  for (const NamedArray& array : drawn_arrays()) {
    const std::string published = read_npy_gz(folder + array.file + ".npy.gz");

    EXPECT_EQ(published.size() % array.element_count, 0U) << array.file;
    EXPECT_TRUE(!published.empty() && published == array.bytes) << array.file;
  }
}

// weights[0,1] of the published [n_target, n_source] arrays are our [1, 0]: from presynaptic neuron 1 to neuron 0.
TEST(NestReference, RowsArePresynapticNeurons) {
  const NestReferenceCase c = nest_evidence_case(1);

  EXPECT_EQ(c.weights_in[1 * 100 + 0], -0.07069723308086395f);
  EXPECT_EQ(c.weights_rec[1 * 100 + 0], -0.21373121440410614f);
  EXPECT_EQ(c.weights_out[1 * 2 + 0], -0.0660872682929039f);
  EXPECT_EQ(c.feedback[1 * 100 + 0], 1.4571166038513184f);  // out_rec[0, 1]: output 1 to neuron 0
}

TEST(NestReference, RegressionRepeatsTheSameTrial) {
  const NestReferenceCase c = nest_regression_case();
  const std::size_t cells = c.step_count * c.input_count;

  ASSERT_EQ(c.input_spikes.size(), 5 * cells);
  for (std::size_t cell = 0; cell < cells; ++cell) ASSERT_EQ(c.input_spikes[cell], c.input_spikes[4 * cells + cell]);
}

// Elements of reg_target_signal.npy.gz. The tolerance is the spread of numpy's sin over processors (values are <= 1).
TEST(NestReference, TargetSignalEqualsThePublishedOne) {
  constexpr double sin_tolerance = 2e-15;
  const NestReferenceCase c = nest_regression_case();

  ASSERT_EQ(c.target_signal.size(), 1000U);
  EXPECT_NEAR(c.target_signal[0], 0.0, sin_tolerance);
  EXPECT_NEAR(c.target_signal[1], 0.011049927676518722, sin_tolerance);
  EXPECT_NEAR(c.target_signal[84], 1.0, sin_tolerance);
  EXPECT_NEAR(c.target_signal[250], -0.009162765946540537, sin_tolerance);
  EXPECT_NEAR(c.target_signal[500], 0.82979039936069, sin_tolerance);
  EXPECT_NEAR(c.target_signal[999], -9.960453768808297e-16, sin_tolerance);
}

TEST(NestReference, TargetSignalEqualsTheFile) {
  const std::string folder = reference_folder();
  if (folder.empty()) GTEST_SKIP() << "SW_REFERENCE_DATA does not name the folder that holds nest_eprop_inputs/";
  const std::string bytes = read_npy_gz(folder + "reg_target_signal.npy.gz");
  const NestReferenceCase c = nest_regression_case();

  ASSERT_EQ(bytes.size(), c.target_signal.size() * sizeof(double));
  for (std::size_t t = 0; t < c.target_signal.size(); ++t) {
    double published = 0.0;
    std::memcpy(&published, bytes.data() + t * sizeof(double), sizeof(double));
    EXPECT_NEAR(c.target_signal[t], published, 2e-15) << "step " << t;
  }
}

// 1.7 * (1 - exp(-1/2000)) / (1 - exp(-1/20)), by `bc -l`.
TEST(NestReference, EvidenceAdaptationIsScaledToTheMembrane) {
  EXPECT_NEAR(nest_evidence_case(1).beta, 0.0174241851098246945, 4e-15);
}

TEST(NestReference, OtherBatchSizesAreRefused) {
  EXPECT_THROW(nest_evidence_case(3), Error);
}

}  // namespace
}  // namespace spikeweave
