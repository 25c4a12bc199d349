#include "host/record/idx_file.hpp"

#include <gtest/gtest.h>

#include "host/record/gzip_file.hpp"
#include "tests/support/idx_bytes.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/task_trials.hpp"

namespace spikeweave {
namespace {

class IdxFileTest : public ::testing::Test, protected ScratchFolder {
 protected:
  std::string put_packed(const std::string& name, const std::string& bytes) const {
    GzipWriter writer(path(name), /*compress=*/true);
    writer.write(bytes.data(), bytes.size());
    writer.close();
    return path(name);
  }
  static std::string rows(const IdxFile& file, std::size_t first, std::size_t count) {
    std::string bytes(count * file.row_bytes(), '?');
    file.read(first, count, reinterpret_cast<std::uint8_t*>(bytes.data()));
    return bytes;
  }
  void expect_error(const std::string& bytes, std::size_t rank, const std::string& text) const {
    put("x", bytes);
    expect_input_error([&] { IdxFile(path("x"), rank); }, path("x") + ": " + text);
  }
};

TEST_F(IdxFileTest, ReadsRowsInAnyOrder) {
  const std::string bytes = test::idx_bytes({3, 2, 2}, "abcdefghijkl");
  for (const std::string& name : {put("plain", bytes), put_packed("packed.gz", bytes)}) {
    const IdxFile file(name, 3);
    EXPECT_EQ(file.shape(), (std::vector<std::size_t>{3, 2, 2}));
    EXPECT_EQ(file.row_bytes(), 4u);
    EXPECT_EQ(rows(file, 2, 1), "ijkl");
    EXPECT_EQ(rows(file, 0, 2), "abcdefgh");
    EXPECT_EQ(rows(file, 3, 0), "");
    EXPECT_EQ(file.offset(1), 20u);
  }
}

TEST_F(IdxFileTest, BigEndianSizes) {
  const IdxFile file(put("x", test::idx_bytes({258}, std::string(258, 'z'))), 1);

  EXPECT_EQ(file.shape()[0], 258u);
}

TEST_F(IdxFileTest, WhatIsNotOneIsRefusedWithItsPlace) {
  const std::string good = test::idx_bytes({3, 2, 2}, "abcdefghijkl");
  std::string floats = good;
  floats[2] = '\x0d';
  expect_error("", 3, "not an IDX file of 3 dimensions: 0 bytes, shorter than its header of 16");
  expect_error(good.substr(0, 15), 3, "not an IDX file of 3 dimensions: 15 bytes, shorter than its header of 16");
  expect_error(floats, 3, "byte 0: 00 00 0d 03; expected 00 00 08 03, an IDX file of unsigned bytes with 3 dimensions");
  expect_error(good, 1, "byte 0: 00 00 08 03; expected 00 00 08 01, an IDX file of unsigned bytes with 1 dimensions");
  expect_error(good.substr(0, 27), 3, "truncated: 27 bytes; its sizes 3 x 2 x 2 need 28");
  expect_error(good + "m", 3, "too long: 29 bytes; its sizes 3 x 2 x 2 need 28");
  expect_error(test::idx_bytes({3, 0, 2}, ""), 3, "byte 8: dimension 1 is 0");
  expect_error(test::idx_bytes({0xffffffff, 0xffffffff, 2}, ""), 3,
               "byte 8: dimension 1 of 4294967295; at most 281474976710656 elements are allowed");
  expect_input_error([&] { IdxFile(path("none"), 1); }, path("none") + ": cannot open: No such file or directory");
}

TEST_F(IdxFileTest, WhatIsPackedIsCheckedToo) {
  const std::string good = test::idx_bytes({3, 2, 2}, "abcdefghijkl");
  expect_input_error([&] { IdxFile(put_packed("short.gz", good.substr(0, 20)), 3); },
                     path("short.gz") + ": truncated: 20 bytes unpacked; its sizes 3 x 2 x 2 need 28");
  expect_input_error([&] { IdxFile(put_packed("long.gz", good + std::string(99, 'm')), 3); },
                     path("long.gz") + ": too long: 29 bytes unpacked; its sizes 3 x 2 x 2 need 28");
  const std::string packed = file_bytes(put_packed("whole.gz", good));
  put("cut.gz", packed.substr(0, packed.size() - 9));
  expect_input_error([&] { IdxFile(path("cut.gz"), 3); }, "the gzip stream ends early");
}

TEST_F(IdxFileTest, AFileThatShrinksIsAnErrorAtTheByte) {
  const IdxFile file(put("x", test::idx_bytes({3, 2, 2}, "abcdefghijkl")), 3);
  std::filesystem::resize_file(path("x"), 22);

  expect_input_error([&] { rows(file, 0, 3); }, path("x") + ": cannot read at byte 22: the file has become shorter");
}

}  // namespace
}  // namespace spikeweave
