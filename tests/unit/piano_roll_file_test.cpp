#include "host/task/piano_roll_file.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <matio.h>

#include "host/record/gzip_file.hpp"
#include "spikeweave/core/error.hpp"
#include "tests/support/scratch_folder.hpp"

namespace spikeweave {
namespace {

const std::string jsb_path = SW_SOURCE_DIR "/tasks/data/JSB_Chorales.mat";

std::size_t step_count(const PianoRolls::Split& split) {
  std::size_t count = 0;
  for (const auto& sequence : split.sequences) count += sequence.size() / PianoRolls::width;
  return count;
}

std::vector<int> pitches(const std::vector<std::uint8_t>& sequence, std::size_t step) {
  std::vector<int> result;
  for (std::size_t column = 0; column < PianoRolls::width; ++column) {
    if (sequence[step * PianoRolls::width + column] == 1) result.push_back(static_cast<int>(column) + 21);
  }
  return result;
}

struct Cell {
  std::size_t rows = 2;
  std::size_t columns = PianoRolls::width;
  std::vector<double> values = std::vector<double>(2 * PianoRolls::width, 0.);  // column-major
};
struct Variable {
  const char* name;
  std::vector<Cell> cells = {Cell{}};
};

class PianoRollFile : public ::testing::Test, protected ScratchFolder {
 protected:
  std::string put_mat(const std::vector<Variable>& variables, mat_ft version = MAT_FT_MAT5) const {
    mat_t* file = Mat_CreateVer(path("made.mat").c_str(), nullptr, version);
    for (const Variable& variable : variables) {
      std::array<std::size_t, 2> extent{1, variable.cells.size()};
      matvar_t* cells = Mat_VarCreate(variable.name, MAT_C_CELL, MAT_T_CELL, 2, extent.data(), nullptr, 0);
      for (std::size_t i = 0; i < variable.cells.size(); ++i) {
        Cell cell = variable.cells[i];
        std::array<std::size_t, 2> size{cell.rows, cell.columns};
        Mat_VarSetCell(cells, static_cast<int>(i),
                       Mat_VarCreate(nullptr, MAT_C_DOUBLE, MAT_T_DOUBLE, 2, size.data(), cell.values.data(), 0));
      }
      Mat_VarWrite(file, cells, MAT_COMPRESSION_ZLIB);
      Mat_VarFree(cells);
    }
    Mat_Close(file);
    return path("made.mat");
  }

  // The text begins with the file and holds part; libmatio prints nothing meanwhile.
  static void expect_error(const std::string& file, const std::string& part) {
    ::testing::internal::CaptureStderr();
    ::testing::internal::CaptureStdout();
    std::string text = "no error";
    try {
      read_piano_rolls(file);
    } catch (const InputError& error) {
      text = error.what();
    }
    const std::string printed = ::testing::internal::GetCapturedStdout() + ::testing::internal::GetCapturedStderr();
    EXPECT_NE(text.find(part), std::string::npos) << text << "\nexpected: " << part;
    EXPECT_EQ(text.find(file), 0u) << text;
    EXPECT_EQ(printed, "");
  }
};

TEST_F(PianoRollFile, JsbChoralesHaveTheKnownCounts) {
  const PianoRolls rolls = read_piano_rolls(jsb_path);

  EXPECT_EQ(rolls.train.sequences.size(), 229u);
  EXPECT_EQ(rolls.valid.sequences.size(), 76u);
  EXPECT_EQ(rolls.test.sequences.size(), 77u);
  EXPECT_EQ(step_count(rolls.train), 13807u);
  EXPECT_EQ(step_count(rolls.valid), 4602u);
  EXPECT_EQ(step_count(rolls.test), 4725u);
}

TEST_F(PianoRollFile, JsbChoralesHaveTheKnownPitches) {
  const PianoRolls rolls = read_piano_rolls(jsb_path);

  // The first two steps and the very last one in jsb-chorales-quarter.json (czhuang/JSB-Chorales-dataset).
  EXPECT_EQ(pitches(rolls.train.sequences[0], 0), (std::vector<int>{60, 72, 79, 88}));
  EXPECT_EQ(pitches(rolls.train.sequences[0], 1), (std::vector<int>{72, 79, 88}));
  EXPECT_EQ(pitches(rolls.test.sequences[76], 72), (std::vector<int>{60, 76, 79, 84}));
}

TEST_F(PianoRollFile, MatricesAreTransposedToRows) {
  Cell cell;
  cell.values[5 * 2 + 1] = 1.;  // step 1, column 5
  const PianoRolls rolls = read_piano_rolls(put_mat({{"traindata", {cell, Cell{}}}, {"validdata"}, {"testdata"}}));

  EXPECT_EQ(rolls.train.sequences.size(), 2u);
  EXPECT_EQ(rolls.train.sequences[0].size(), 2 * PianoRolls::width);
  EXPECT_EQ(pitches(rolls.train.sequences[0], 0), (std::vector<int>{}));
  EXPECT_EQ(pitches(rolls.train.sequences[0], 1), (std::vector<int>{26}));
}

TEST_F(PianoRollFile, TruncatedCopiesAreErrors) {
  const std::string whole = file_bytes(jsb_path);

  for (std::size_t length = 0; length < whole.size(); length += 4801) {
    expect_error(put("cut.mat", whole.substr(0, length)), length < 128 ? "not a MATLAB v5 file" : "");
  }
  expect_error(put("cut.mat", whole.substr(0, 128)), "no variable traindata; the file holds nothing");
  expect_error(put("cut.mat", whole.substr(0, 130)), "truncated: element at byte 128 needs 8 bytes");
  expect_error(put("cut.mat", whole.substr(0, whole.size() - 1)), "truncated: element at byte");
}

TEST_F(PianoRollFile, DamagedBytesAreErrors) {
  const std::string whole = file_bytes(jsb_path);

  for (std::size_t at = 140; at < whole.size(); at += 9973) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
    expect_error(put("damaged.mat", damaged), "damaged: ");
  }
  expect_error(put("damaged.mat", whole + "trailing"), "at byte " + std::to_string(whole.size()));
}

TEST_F(PianoRollFile, OtherFilesAreErrors) {
  expect_error(path("absent.mat"), "cannot open: No such file or directory");
  expect_error(path("rolls.txt"), "allowed are FILE.mat, FILE.json and FILE.json.gz");
  expect_error(put("text.mat", std::string(1000, 'x')), "not a MATLAB v5 file: no byte-order mark");
  std::string newer = file_bytes(jsb_path);
  newer[125] = 2;  // MATLAB 7.3
  expect_error(put("newer.mat", newer), "MATLAB file version 2 at byte 124; 1 is allowed");
}

TEST_F(PianoRollFile, AbsentVariableNamesThoseThatAreThere) {
  expect_error(put_mat({{"traindata"}, {"testdata"}}), "no variable validdata; the file holds traindata testdata");
}

TEST_F(PianoRollFile, VariableThatIsNoCellArrayIsAnError) {
  mat_t* file = Mat_CreateVer(path("plain.mat").c_str(), nullptr, MAT_FT_MAT5);
  std::array<std::size_t, 2> size{1, 2};
  std::array<double, 2> values{0., 1.};
  matvar_t* variable = Mat_VarCreate("traindata", MAT_C_DOUBLE, MAT_T_DOUBLE, 2, size.data(), values.data(), 0);
  Mat_VarWrite(file, variable, MAT_COMPRESSION_NONE);
  Mat_VarFree(variable);
  Mat_Close(file);

  expect_error(path("plain.mat"), "traindata: is double 1 x 2; a cell array");
}

TEST_F(PianoRollFile, WrongWidthIsAnErrorThatNamesTheSequence) {
  const Cell narrow{2, 87, std::vector<double>(2 * 87, 0.)};
  const std::string file = put_mat({{"traindata"}, {"validdata", {Cell{}, narrow}}, {"testdata"}});

  expect_error(file, "valid, sequence 1: is double 2 x 87; a real steps x 88 matrix is needed");
}

TEST_F(PianoRollFile, ValueOtherThanZeroAndOneIsAnErrorThatNamesThePlace) {
  Cell wrong;
  wrong.values[7 * 2 + 1] = 0.5;  // step 1, column 7
  const std::string file = put_mat({{"traindata"}, {"validdata"}, {"testdata", {Cell{}, Cell{}, wrong}}});

  expect_error(file, "test, sequence 2, step 1, column 7: 0.5 is neither 0 nor 1");
}

TEST_F(PianoRollFile, JsonAndGzippedJsonGiveTheSameRolls) {
  const std::string text = R"({"train": [[[21, 108], []], [[60, 60.0]]], "valid": [], "test": [[[43]]]})";
  GzipWriter gzip(path("rolls.json.gz"), true);
  gzip.write(text.data(), text.size());
  gzip.close();

  for (const std::string& file : {put("rolls.json", text), path("rolls.json.gz")}) {
    const PianoRolls rolls = read_piano_rolls(file);
    ASSERT_EQ(rolls.train.sequences.size(), 2u);
    EXPECT_EQ(rolls.train.sequences[0].size(), 2 * PianoRolls::width);
    EXPECT_EQ(pitches(rolls.train.sequences[0], 0), (std::vector<int>{21, 108}));
    EXPECT_EQ(pitches(rolls.train.sequences[0], 1), (std::vector<int>{}));
    EXPECT_EQ(pitches(rolls.train.sequences[1], 0), (std::vector<int>{60}));
    EXPECT_TRUE(rolls.valid.sequences.empty());
    EXPECT_EQ(pitches(rolls.test.sequences[0], 0), (std::vector<int>{43}));
  }
}

TEST_F(PianoRollFile, WrongJsonIsAnErrorThatNamesThePlace) {
  const auto expect_json_error = [&](const std::string& train, const std::string& part) {
    expect_error(put("r.json", "{\"train\": " + train + ", \"valid\": [], \"test\": []}"), part);
  };

  expect_json_error("[[[60]], [[60], [109]]]", "train, sequence 1, step 1: pitch 109 is not an integer in [21, 108]");
  expect_json_error("[[[20]]]", "train, sequence 0, step 0: pitch 20 ");
  expect_json_error("[[[-1]]]", "train, sequence 0, step 0: pitch -1 ");
  expect_json_error("[[[60.5]]]", "pitch 60.5 is not an integer");
  expect_json_error("[[[18446744073709551615]]]", "pitch 18446744073709551615 ");
  expect_json_error("[[[\"60\"]]]", "pitch \"60\" is not an integer");
  expect_json_error("[[60]]", "train, sequence 0, step 0: is number; a list of pitches is needed");
  expect_json_error("[60]", "train, sequence 0: is number; a list of steps is needed");
  expect_json_error("{}", "train: is object; a list of sequences is needed");
  expect_json_error("[[]]", "train, sequence 0: has no steps");
  expect_error(put("r.json", "{\"train\": [], \"valid\": []}"), "key \"test\" is missing");
  expect_error(put("r.json", "{\"train\": [], \"valid\": [], \"test\": [], \"more\": []}"), "unknown key \"more\"");
  expect_error(put("r.json", "[]"), "is array; an object with train, valid and test is needed");
  expect_error(put("r.json", "{\"train\": [[[60"), "not JSON, at byte 16");
  expect_error(path("absent.json"), "No such file or directory");
}

}  // namespace
}  // namespace spikeweave
