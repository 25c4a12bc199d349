#include "host/record/npy_file.hpp"

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "host/record/array_file.hpp"
#include "host/record/hdf5_file.hpp"
#include "spikeweave/core/error.hpp"
#include "tests/support/scratch_folder.hpp"

namespace spikeweave {
namespace {

using Shape = std::vector<std::size_t>;

class NpyFile : public ::testing::Test, protected ScratchFolder {
 protected:
  // A file put together by hand from the format's description.
  std::string put_npy(const std::string& header, const std::string& data, char major = 1) const {
    std::string bytes = std::string("\x93NUMPY") + major + '\0';
    const auto length = static_cast<std::uint32_t>(header.size());
    bytes.append(reinterpret_cast<const char*>(&length), major == 1 ? 2 : 4);
    return put_bytes(bytes + header + data);
  }
  std::string put_bytes(const std::string& bytes) const { return put("a.npy", bytes); }
  template <class T>
  static std::string raw(const std::vector<T>& values) {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
  }
  template <class T = float>
  static void expect_error(const std::string& file, const std::string& part) {
    try {
      read_npy<T>(file);
      FAIL() << "no error; expected one with: " << part;
    } catch (const InputError& error) {
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
      EXPECT_EQ(std::string(error.what()).find(file), 0u) << error.what();
    }
  }
  template <class T>
  void expect_round_trip(const std::vector<T>& values) const {
    for (const std::string name : {"r.npy", "r.npy.gz"}) {
      write_npy<T>(path(name), values, {values.size()});
      const Array<T> back = read_npy<T>(path(name));
      EXPECT_EQ(back.shape, Shape{values.size()});
      EXPECT_EQ(back.values, values) << name;
    }
  }
};

template <class T>
std::vector<T> extremes() {
  return {std::numeric_limits<T>::lowest(), T(0), T(1), std::numeric_limits<T>::max()};
}

TEST_F(NpyFile, EveryTypeIsReadBackAsWritten) {
  expect_round_trip(extremes<float>());
  expect_round_trip(extremes<double>());
  expect_round_trip(extremes<std::int8_t>());
  expect_round_trip(extremes<std::int16_t>());
  expect_round_trip(extremes<std::int32_t>());
  expect_round_trip(extremes<std::int64_t>());
  expect_round_trip(extremes<std::uint8_t>());
  expect_round_trip(extremes<std::uint16_t>());
  expect_round_trip(extremes<std::uint32_t>());
  expect_round_trip(extremes<std::uint64_t>());
}

TEST_F(NpyFile, ShapesOfAnyRankAreKept) {
  for (const Shape& shape : {Shape{}, Shape{0}, Shape{1}, Shape{2, 3}, Shape{4, 0, 3}, Shape{2, 3, 4, 5}}) {
    const std::vector<float> values(element_count(shape).value(), 2.5f);
    write_npy<float>(path("a.npy"), values, shape);

    const Array<float> back = read_npy<float>(path("a.npy"));

    EXPECT_EQ(back.shape, shape);
    EXPECT_EQ(back.values, values);
  }
}

TEST_F(NpyFile, WrittenBytesAreThoseOfNumPy) {
  write_npy<float>(path("a.npy"), std::vector<float>{1.f, 2.f, 3.f}, {3});

  const std::string bytes = file_bytes(path("a.npy"));
  // numpy.save(f, numpy.float32([1, 2, 3])): header of 0x76 = 118 bytes, padded with blanks, so that data begins at 128
  const std::string head =
      std::string("\x93NUMPY\x01\x00\x76\x00", 10) + "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }";
  EXPECT_EQ(bytes, head + std::string(127 - head.size(), ' ') + "\n" + raw<float>({1.f, 2.f, 3.f}));
}

TEST_F(NpyFile, FortranOrderBecomesRowMajor) {
  // [[1, 2, 3], [4, 5, 6]] column by column
  const std::string file =
      put_npy("{'descr': '<i4', 'fortran_order': True, 'shape': (2, 3), }\n", raw<std::int32_t>({1, 4, 2, 5, 3, 6}));

  EXPECT_EQ(read_npy<std::int32_t>(file).values, (std::vector<std::int32_t>{1, 2, 3, 4, 5, 6}));
}

TEST_F(NpyFile, FortranOrderOfRankThreeBecomesRowMajor) {
  // element (i, j, k) of shape [2, 2, 3] has the value 100 i + 10 j + k; i runs fastest in the file
  const std::string file = put_npy("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 2, 3), }\n",
                                   raw<std::uint8_t>({0, 100, 10, 110, 1, 101, 11, 111, 2, 102, 12, 112}));

  EXPECT_EQ(read_npy<std::uint8_t>(file).values,
            (std::vector<std::uint8_t>{0, 1, 2, 10, 11, 12, 100, 101, 102, 110, 111, 112}));
}

TEST_F(NpyFile, VersionTwoAndOtherSpellingsAreRead) {
  const std::string file =
      put_npy("{\"shape\":(2L,1),\"fortran_order\":False,\"descr\":\"<f8\"}", raw<double>({0.5, -1.}), 2);

  const Array<float> array = read_npy<float>(file);

  EXPECT_EQ(array.shape, (Shape{2, 1}));
  EXPECT_EQ(array.values, (std::vector<float>{0.5f, -1.f}));
}

TEST_F(NpyFile, BoolIsReadAsZeroAndOne) {
  const std::string header = "{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }\n";

  EXPECT_EQ(read_npy<std::uint8_t>(put_npy(header, std::string("\1\0\1", 3))).values,
            (std::vector<std::uint8_t>{1, 0, 1}));
  expect_error<std::uint8_t>(put_npy(header, std::string("\1\0\2", 3)), "element 2 of type bool is 2");
}

TEST_F(NpyFile, FloatsThatAreIntegersConvertAndOthersDoNot) {
  const std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }\n";
  const double nan = std::numeric_limits<double>::quiet_NaN();

  EXPECT_EQ(read_npy<std::uint8_t>(put_npy(header, raw<double>({0., 255.}))).values,
            (std::vector<std::uint8_t>{0, 255}));
  expect_error<std::uint8_t>(put_npy(header, raw<double>({0., 256.})), "element 1 is 256, which uint8 cannot hold");
  expect_error<std::uint8_t>(put_npy(header, raw<double>({-1., 0.})), "element 0 is -1, which uint8 cannot hold");
  expect_error<std::int32_t>(put_npy(header, raw<double>({0., 0.5})), "element 1 is 0.5, which int32 cannot hold");
  expect_error<std::int64_t>(put_npy(header, raw<double>({0., nan})), "element 1 is nan, which int64 cannot hold");
  expect_error<std::int64_t>(put_npy(header, raw<double>({0., 9223372036854775808.})), "which int64 cannot hold");
  expect_error<float>(put_npy(header, raw<double>({0., 1e300})), "element 1 is 1e+300, which float32 cannot hold");
  EXPECT_TRUE(std::isnan(read_npy<float>(put_npy(header, raw<double>({0., nan}))).values[1]));
}

TEST_F(NpyFile, MalformedHeadersAreErrorsThatSayWhere) {
  const std::string data = raw<float>({1.f});
  const std::string d = "'descr': '<f4'";
  const std::string f = "'fortran_order': False";
  const std::string s = "'shape': (1,)";

  expect_error(put_npy("", data), "byte 10");
  expect_error(put_npy("{" + d + ", " + f + "}\n", data), "\"shape\" is missing");
  expect_error(put_npy("{" + d + ", " + s + "}\n", data), "\"fortran_order\" is missing");
  expect_error(put_npy("{" + f + ", " + s + "}\n", data), "\"descr\" is missing");
  expect_error(put_npy("{" + d + ", " + d + ", " + f + ", " + s + "}\n", data), "\"descr\" is unknown or stands twice");
  expect_error(put_npy("{" + d + ", " + f + ", " + s + ", 'more': 1}\n", data), "\"more\" is unknown");
  expect_error(put_npy("{" + d + ", " + f + ", " + s + "\n", data), "expected ','");
  expect_error(put_npy("{" + d + ", " + f + ", " + s + "} x\n", data), "expected nothing but blanks");
  expect_error(put_npy("{" + d + ", 'fortran_order': 0, " + s + "}\n", data), "expected True or False");
  expect_error(put_npy("{" + d + ", " + f + ", 'shape': (1)}\n", data), "written with a comma");
  expect_error(put_npy("{" + d + ", " + f + ", 'shape': (-1,)}\n", data), "expected an extent");
  expect_error(put_npy("{" + d + ", " + f + ", 'shape': (99999999999999999999,)}\n", data), "expected an extent");
  expect_error(put_npy("{" + d + ", " + f + ", 'shape': (4294967296, 4294967296)}\n", data), "more elements than fit");
  expect_error(put_npy("{'descr': '<f4", data), "not closed");
}

TEST_F(NpyFile, UnsupportedElementTypesNameTheAllowedOnes) {
  for (const std::string type : {">f4", "<f2", "<c8", "<U3", "|O", "<i16", "", "f4"}) {
    const std::string file =
        put_npy("{'descr': '" + type + "', 'fortran_order': False, 'shape': (1,), }\n", "12345678");
    expect_error(file, "element type \"" + type + "\"; allowed are |b1 |i1");
  }
  expect_error(put_npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }\n", "1234"), "record types");
}

TEST_F(NpyFile, WrongMagicAndVersionAreErrors) {
  expect_error(put_bytes("PK\x03\x04 not an array"), "byte 0 is not \\x93NUMPY");
  expect_error(put_npy("{}", "", 3), "version at byte 6 is 3.0; allowed are 1.0 and 2.0");
  expect_error(put_bytes(""), "ends early at byte 0");
  expect_error(path("absent.npy"), "No such file or directory");
  std::filesystem::create_directory(path("folder.npy"));
  expect_error(path("folder.npy"), "Is a directory");
}

TEST_F(NpyFile, EveryTruncationIsAnErrorAndSoIsOneByteMore) {
  write_npy<float>(path("whole.npy"), std::vector<float>{1.f, 2.f}, {2});
  const std::string bytes = file_bytes(path("whole.npy"));

  for (std::size_t length = 0; length < bytes.size(); ++length) {
    expect_error(put_bytes(bytes.substr(0, length)), "ends early at byte " + std::to_string(length));
  }
  expect_error(put_bytes(bytes + "x"), "bytes follow the data, which ends at byte " + std::to_string(bytes.size()));
}

TEST_F(NpyFile, HugeShapeWithoutDataIsAnErrorNotAnAllocation) {
  const std::string file = put_npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }\n", "1234");

  expect_error(file, "data of shape [1000000000000] and type <f4");
}

TEST_F(NpyFile, TruncatedOrDamagedGzipIsAnError) {
  std::vector<std::int32_t> values(1000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::int32_t>(i * i * 2654435761u >> 3);
  write_npy<std::int32_t>(path("whole.npy.gz"), values, {1000});
  std::string bytes = file_bytes(path("whole.npy.gz"));
  ASSERT_EQ(bytes.substr(0, 2), "\x1f\x8b");

  expect_error<std::int32_t>(put_bytes(bytes.substr(0, bytes.size() / 2)), "the gzip stream ends early");
  expect_error<std::int32_t>(put_bytes(bytes.substr(0, bytes.size() - 1)), "the gzip stream ends early");
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x10);
  expect_error<std::int32_t>(put_bytes(bytes), "cannot read after byte");
}

TEST_F(NpyFile, FailedWriteIsAnErrorThatNamesThePath) {
  EXPECT_THROW(write_npy<float>(path("absent/a.npy"), std::vector<float>{1.f}, {1}), InputError);
  EXPECT_THROW(write_npy<float>(path("a.npy"), std::vector<float>{1.f}, {2}), Error);
}

TEST_F(NpyFile, FullDiskIsAnErrorAndLeavesTheOldFile) {
  write_npy<float>(path("a.npy"), std::vector<float>{1.f}, {1});
  const auto write = [&] { write_npy<float>(path("a.npy"), std::vector<float>(10000), {10000}); };

  EXPECT_EXIT(exit_from_full_disk(write), ::testing::ExitedWithCode(3), "File too large");
  EXPECT_EQ(read_npy<float>(path("a.npy")).values, (std::vector<float>{1.f}));
}

TEST_F(NpyFile, ReadArrayTakesNpyAndHdf5ByName) {
  write_npy<std::uint8_t>(path("a.npy"), std::vector<std::uint8_t>{1, 0}, {2});
  write_npy<double>(path("a.npy.gz"), std::vector<double>{0.25}, {1});
  Hdf5File file = Hdf5File::create(path("a.h5"));
  file.write<std::int32_t>("/group/data", std::vector<std::int32_t>{-3}, {1, 1});
  file.close();

  EXPECT_EQ(read_array(path("a.npy")).values, (std::vector<float>{1.f, 0.f}));
  EXPECT_EQ(read_array(path("a.npy.gz")).values, (std::vector<float>{0.25f}));
  EXPECT_EQ(read_array<std::int32_t>(path("a.h5") + ":/group/data").values, (std::vector<std::int32_t>{-3}));
  EXPECT_EQ(read_array<std::int32_t>(path("a.h5") + ":/group/data").shape, (Shape{1, 1}));
  EXPECT_THROW(read_array<std::uint8_t>(path("a.h5") + ":/group/data"), InputError);
}

TEST_F(NpyFile, ReadArrayNamesWhatIsAllowed) {
  Hdf5File file = Hdf5File::create(path("a.h5"));
  file.write<float>("/group/data", std::vector<float>{1.f}, {1});
  file.close();

  for (const auto& [spec, part] : {std::pair{path("a.txt"), "allowed are FILE.npy"}, {path("a.h5"), "holds group"}}) {
    try {
      read_array(spec);
      FAIL() << spec;
    } catch (const InputError& error) {
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace spikeweave
