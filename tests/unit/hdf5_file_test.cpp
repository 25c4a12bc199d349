#include "host/record/hdf5_file.hpp"

#include <hdf5.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "spikeweave/core/error.hpp"
#include "tests/support/scratch_folder.hpp"

namespace spikeweave {
namespace {

using Shape = std::vector<std::size_t>;

class Hdf5FileTest : public ::testing::Test, protected ScratchFolder {
 protected:
  std::string path(const std::string& name = "a.h5") const { return ScratchFolder::path(name); }

  // Runs make on a new file and opens the result for reading.
  Hdf5File made(const std::function<void(Hdf5File&)>& make) const {
    Hdf5File file = Hdf5File::create(path());
    make(file);
    file.close();
    return Hdf5File::open_read(path());
  }
  std::string bytes() const { return file_bytes(path()); }

  // The error is of the type E, its text begins with the file and holds part; HDF5 prints nothing meanwhile.
  template <class E = InputError>
  void expect_error(const std::function<void()>& call, const std::string& part) const {
    ::testing::internal::CaptureStderr();
    try {
      call();
      ADD_FAILURE() << "no error; expected one with: " << part;
    } catch (const E& error) {
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
      EXPECT_EQ(std::string(error.what()).find(path()), 0u) << error.what();
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    }
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  }
  template <class T>
  void expect_round_trip() const {
    const std::vector<T> values{std::numeric_limits<T>::lowest(), T(0), T(1), std::numeric_limits<T>::max()};
    const Hdf5File file = made([&](Hdf5File& out) { out.write<T>("/x", values, {2, 2}); });
    EXPECT_EQ(file.read<T>("/x").shape, (Shape{2, 2}));
    EXPECT_EQ(file.read<T>("/x").values, values);
  }
};

TEST_F(Hdf5FileTest, EveryTypeIsReadBackAsWritten) {
  expect_round_trip<float>();
  expect_round_trip<double>();
  expect_round_trip<std::uint8_t>();
  expect_round_trip<std::int32_t>();
  expect_round_trip<std::int64_t>();
  expect_round_trip<std::uint32_t>();
  expect_round_trip<std::uint64_t>();
}

TEST_F(Hdf5FileTest, ShapesOfAnyRankAreKept) {
  for (const Shape& shape : {Shape{}, Shape{0}, Shape{3, 0}, Shape{1}, Shape{2, 3, 4, 5}}) {
    const std::vector<float> values(element_count(shape).value(), 1.5f);

    const Hdf5File file = made([&](Hdf5File& out) { out.write<float>("x", values, shape); });

    EXPECT_EQ(file.shape("/x"), shape);
    EXPECT_EQ(file.read<float>("/x").shape, shape);
    EXPECT_EQ(file.read<float>("/x").values, values);
  }
}

TEST_F(Hdf5FileTest, GroupsAreMadeOnDemandAndListed) {
  const std::vector<float> one{1.f};
  const Hdf5File file = made([&](Hdf5File& out) {
    out.write<float>("/net/b/weights", one, {1});
    out.write<float>("net/a", one, {1});
    out.write<float>("//top/", one, {1});
  });

  EXPECT_EQ(file.list(), (std::vector<std::string>{"net", "top"}));
  EXPECT_EQ(file.list("/net"), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(file.exists("/net/b/weights"));
  EXPECT_TRUE(file.exists("/net/b"));
  EXPECT_TRUE(file.exists("/"));
  EXPECT_FALSE(file.exists("/net/c/weights"));
  EXPECT_FALSE(file.exists("/top/x"));
}

TEST_F(Hdf5FileTest, ReadConvertsWhatTheTypeCanHold) {
  const Hdf5File file = made([](Hdf5File& out) {
    out.write<double>("/whole", std::vector<double>{0., 255.}, {2});
    out.write<double>("/half", std::vector<double>{0., 0.5}, {2});
    out.write<std::int64_t>("/large", std::vector<std::int64_t>{1, 300}, {2});
  });

  EXPECT_EQ(file.read<std::uint8_t>("/whole").values, (std::vector<std::uint8_t>{0, 255}));
  EXPECT_EQ(file.read<float>("/half").values, (std::vector<float>{0.f, 0.5f}));
  EXPECT_EQ(file.read<float>("/large").values, (std::vector<float>{1.f, 300.f}));
  expect_error([&] { file.read<std::int32_t>("/half"); }, ": /half: element 1 is 0.5, which int32 cannot hold");
  expect_error([&] { file.read<std::uint8_t>("/large"); }, ": /large: element 1 is 300, which uint8 cannot hold");
}

TEST_F(Hdf5FileTest, ForeignTypesAreReadOrRefused) {
  // big-endian int16, h5py's bool (an enumeration over int8), text; written with the library itself
  made([](Hdf5File& out) { out.write<float>("/x", std::vector<float>{1.f}, {1}); }).close();
  const hid_t raw = H5Fopen(path().c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  const auto add = [&](const char* name, hid_t stored, hid_t memory, H5S_class_t space_class, const void* values) {
    const hid_t space = H5Screate(space_class);
    const hid_t set = H5Dcreate2(raw, name, stored, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (values != nullptr) H5Dwrite(set, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    H5Dclose(set);
    H5Sclose(space);
  };
  const std::int16_t number = -300;
  add("/short", H5T_STD_I16BE, H5T_NATIVE_INT16, H5S_SCALAR, &number);
  const hid_t logical = H5Tenum_create(H5T_STD_I8LE);
  const std::int8_t truth = 1;
  H5Tenum_insert(logical, "TRUE", &truth);
  add("/bool", logical, logical, H5S_SCALAR, &truth);
  const hid_t five_letters = H5Tcopy(H5T_C_S1);
  H5Tset_size(five_letters, 5);
  add("/text", five_letters, five_letters, H5S_SCALAR, "abcde");
  add("/null", H5T_NATIVE_FLOAT, H5T_NATIVE_FLOAT, H5S_NULL, nullptr);
  const hid_t scalar = H5Screate(H5S_SCALAR);
  const hid_t note = H5Acreate2(raw, "note", five_letters, scalar, H5P_DEFAULT, H5P_DEFAULT);
  H5Awrite(note, five_letters, "ab\0\0\0");
  H5Aclose(note);
  H5Sclose(scalar);
  H5Tclose(five_letters);
  H5Tclose(logical);
  ASSERT_GE(H5Fclose(raw), 0);

  const Hdf5File file = Hdf5File::open_read(path());

  EXPECT_EQ(file.read<std::int32_t>("/short").values, (std::vector<std::int32_t>{-300}));
  EXPECT_EQ(file.read<std::uint8_t>("/bool").values, (std::vector<std::uint8_t>{1}));
  EXPECT_EQ(file.string_attribute("/", "note"), "ab");
  expect_error([&] { file.read<float>("/text"); }, ": /text: holds text of 5 bytes");
  expect_error([&] { file.read<float>("/null"); }, ": /null: holds no data");
}

TEST_F(Hdf5FileTest, AttributesAreReadBackAndReplaced) {
  const Hdf5File file = made([](Hdf5File& out) {
    out.write<float>("/g/v", std::vector<float>{1.f}, {1}, {{"units", "mV"}, {"axes", "step, neuron"}});
    out.write_attribute("/", "seed", std::int64_t{-7});
    out.write_attribute("/g", "note", std::string());
    out.write_attribute("/g", "long", std::string(100000, 'x'));  // beyond the 64 KiB of an object header
    out.write_attribute("/g/v", "axes", "µ, neuron");
  });

  EXPECT_EQ(file.string_attribute("/g/v", "units"), "mV");
  EXPECT_EQ(file.string_attribute("/g/v", "axes"), "µ, neuron");
  EXPECT_EQ(file.string_attribute("/g", "note"), "");
  EXPECT_EQ(file.string_attribute("/g", "long"), std::string(100000, 'x'));
  EXPECT_EQ(file.integer_attribute("/", "seed"), -7);
  EXPECT_TRUE(file.has_attribute("/", "seed"));
  EXPECT_FALSE(file.has_attribute("/g", "seed"));
  expect_error([&] { file.string_attribute("/", "seed"); }, ": /: attribute \"seed\" is not text");
  expect_error([&] { file.integer_attribute("/g/v", "units"); }, ": /g/v: attribute \"units\" is not an integer");
  expect_error([&] { file.integer_attribute("/g", "absent"); }, ": /g: has no attribute \"absent\"");
}

TEST_F(Hdf5FileTest, AppendGrowsAlongTheFirstDimension) {
  std::vector<float> expected;
  const Hdf5File file = made([&](Hdf5File& out) {
    out.append<float>("/rec/v", std::vector<float>{}, {3}, {{"units", "mV"}});
    for (int row = 0; row < 50000; ++row) {  // several chunks of 262144 / 12 rows
      const float first = static_cast<float>(row);
      const std::vector<float> values{first, first + 0.25f, -first};
      out.append<float>("/rec/v", values, {3}, {{"units", "mV"}});
      expected.insert(expected.end(), values.begin(), values.end());
    }
  });

  EXPECT_EQ(file.shape("/rec/v"), (Shape{50000, 3}));
  EXPECT_EQ(file.read<float>("/rec/v").values, expected);
  EXPECT_EQ(file.string_attribute("/rec/v", "units"), "mV");
  EXPECT_LT(bytes().size(), expected.size() * sizeof(float));  // compressed
}

TEST_F(Hdf5FileTest, AppendTakesManyRowsAndScalarRows) {
  const Hdf5File file = made([](Hdf5File& out) {
    out.append<std::uint8_t>("/m", std::vector<std::uint8_t>{1, 2, 3, 4}, {1, 2});
    out.append<std::uint8_t>("/m", std::vector<std::uint8_t>{5, 6}, {1, 2});
    out.append<std::int64_t>("/s", std::vector<std::int64_t>{1, 2}, {});
    out.append<std::int64_t>("/s", std::vector<std::int64_t>{3}, {});
  });

  EXPECT_EQ(file.shape("/m"), (Shape{3, 1, 2}));
  EXPECT_EQ(file.read<std::uint8_t>("/m").values, (std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(file.shape("/s"), (Shape{3}));
  EXPECT_EQ(file.read<std::int64_t>("/s").values, (std::vector<std::int64_t>{1, 2, 3}));
}

TEST_F(Hdf5FileTest, FlushedRowsAreInTheFileBeforeItIsClosed) {
  Hdf5File out = Hdf5File::create(path());
  out.append<float>("/v", std::vector<float>{1.f, 2.f}, {2});
  out.flush();
  std::filesystem::copy_file(path(), path("copy.h5"));

  const Hdf5File copy = Hdf5File::open_read(path("copy.h5"));

  EXPECT_EQ(copy.read<float>("/v").values, (std::vector<float>{1.f, 2.f}));
}

TEST_F(Hdf5FileTest, MisuseWhenWritingIsAnError) {
  Hdf5File out = Hdf5File::create(path());
  const std::vector<float> two{1.f, 2.f};
  out.write<float>("/x", two, {2});
  out.append<float>("/v", two, {2});

  expect_error<Error>([&] { out.write<float>("/x", two, {2}); }, ": /x: is there already");
  expect_error<Error>([&] { out.append<float>("/x", two, {2}); }, ": /x: is there already");
  expect_error<Error>([&] { out.append<float>("/v", two, {1}); }, ": /v: rows of another type or shape");
  expect_error<Error>(
      [&] {
        out.append<double>("/v", std::vector<double>{1., 2.}, {2});
      },
      ": /v: rows of another type");
  expect_error<Error>([&] { out.write<float>("/x/y", two, {2}); }, ": /x/y: cannot create");
  EXPECT_THROW(out.write<float>("/y", two, {3}), Error);
  EXPECT_THROW(out.append<float>("/y", two, {3}), Error);
  EXPECT_THROW(out.append<float>("/y", two, {0}), Error);
  out.close();
  EXPECT_THROW(out.exists("/x"), Error);
  Hdf5File in = Hdf5File::open_read(path());
  expect_error<Error>([&] { in.write<float>("/y", two, {2}); }, ": /y: the file was opened for reading");
}

TEST_F(Hdf5FileTest, AbsentDataSetsNameWhatIsThereInstead) {
  const Hdf5File file = made([](Hdf5File& out) {
    out.write<float>("/spikes/times", std::vector<float>{1.f}, {1});
    out.write<float>("/spikes/units", std::vector<float>{1.f}, {1});
    out.write<float>("/labels", std::vector<float>{1.f}, {1});
  });

  expect_error([&] { file.read<float>("/label"); }, ": /label: no such data set; / holds labels spikes");
  expect_error([&] { file.read<float>("/spikes/x"); }, ": /spikes/x: no such data set; /spikes holds times units");
  expect_error([&] { file.shape("/labels/x"); }, ": /labels/x: no such data set; /labels is a data set, not a group");
  expect_error([&] { file.read<float>("/spikes"); }, ": /spikes: is a group, not a data set; it holds times units");
  expect_error([&] { file.list("/absent"); }, ": /absent: no such group; / holds labels spikes");
  expect_error([&] { file.list("/labels"); }, ": /labels: is a data set, not a group");
}

TEST_F(Hdf5FileTest, MissingAndForeignFilesAreErrors) {
  expect_error([&] { Hdf5File::open_read(path()); }, "cannot open: No such file or directory");
  put("a.h5", "");
  expect_error([&] { Hdf5File::open_read(path()); }, "the file is empty");
  put("a.h5", "this is not HDF5, whatever its name says");
  expect_error([&] { Hdf5File::open_read(path()); }, "not an HDF5 file");
  std::filesystem::remove(path());
  std::filesystem::create_directory(path());
  expect_error([&] { Hdf5File::open_read(path()); }, "cannot open: Is a directory");
  expect_error<Error>([&] { Hdf5File::create(path()); }, "cannot create the file");
}

TEST_F(Hdf5FileTest, EveryTruncationIsAnError) {
  made([](Hdf5File& out) { out.write<float>("/x", std::vector<float>(2000, 7.f), {2000}); }).close();
  const std::string whole = bytes();

  for (std::size_t length = 0; length < whole.size(); length += 97) {
    put("a.h5", whole.substr(0, length));
    expect_error([&] { Hdf5File::open_read(path()).read<float>("/x"); }, ": ");
  }
}

TEST_F(Hdf5FileTest, FullDiskIsAnErrorAndTheExitStatusStaysOurs) {
  const auto write = [&] {
    Hdf5File out = Hdf5File::create(path());
    out.write<float>("/x", std::vector<float>(10000), {10000});
    out.close();
  };

  EXPECT_EXIT(exit_from_full_disk(write), ::testing::ExitedWithCode(3), "cannot write");
}

TEST_F(Hdf5FileTest, DamagedChunkIsAnErrorThatNamesTheDataSet) {
  made([](Hdf5File& out) { out.append<float>("/x", std::vector<float>(2000, 7.f), {}); }).close();
  std::string damaged = bytes();
  const std::size_t chunk = damaged.find("\x78\x5e");  // zlib's header at level 4 (RFC 1950: CMF 0x78, FLEVEL 1)
  ASSERT_NE(chunk, std::string::npos);
  damaged[chunk] = 0;
  put("a.h5", damaged);

  const Hdf5File file = Hdf5File::open_read(path());

  expect_error([&] { file.read<float>("/x"); }, ": /x: cannot read: ");
}

}  // namespace
}  // namespace spikeweave
