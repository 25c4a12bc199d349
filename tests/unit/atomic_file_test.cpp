#include "host/record/atomic_file.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "spikeweave/core/error.hpp"
#include "tests/support/scratch_folder.hpp"

namespace spikeweave {
namespace {

namespace fs = std::filesystem;

class AtomicFile : public ::testing::Test, protected ScratchFolder {
 protected:
  std::size_t file_count() const {
    const fs::path folder = fs::path(path("a")).parent_path();
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
  }
};

TEST_F(AtomicFile, NewFileHoldsWhatTheWriterWrote) {
  replace_file(path("a"), [](const std::string& temporary) { std::ofstream(temporary) << "new"; });

  EXPECT_EQ(file_bytes(path("a")), "new");
  EXPECT_EQ(file_count(), 1u);
}

TEST_F(AtomicFile, OldFileIsReplacedAndKeepsItsPermissions) {
  put("a", "something longer");
  fs::permissions(path("a"), fs::perms::owner_read | fs::perms::owner_write);

  replace_file(path("a"), [](const std::string& temporary) { std::ofstream(temporary) << "new"; });

  EXPECT_EQ(file_bytes(path("a")), "new");
  EXPECT_EQ(fs::status(path("a")).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(AtomicFile, OldFileStandsWhileTheWriterWrites) {
  put("a", "old");

  std::string seen;
  replace_file(path("a"), [&](const std::string& temporary) {
    std::ofstream(temporary) << "new";
    seen = file_bytes(path("a"));
  });

  EXPECT_EQ(seen, "old");
}

TEST_F(AtomicFile, FailingWriterLeavesTheOldFileAndNothingElse) {
  put("a", "old");

  const auto write = [&] {
    replace_file(path("a"), [](const std::string& temporary) {
      std::ofstream(temporary) << "half";
      throw std::runtime_error("disk on fire");
    });
  };

  EXPECT_THROW(write(), std::runtime_error);
  EXPECT_EQ(file_bytes(path("a")), "old");
  EXPECT_EQ(file_count(), 1u);
}

TEST_F(AtomicFile, TemporaryLiesInTheSameDirectory) {
  std::string temporary_path;

  replace_file(path("a"), [&](const std::string& temporary) { temporary_path = temporary; });

  EXPECT_EQ(fs::path(temporary_path).parent_path(), fs::path(path("a")).parent_path());
}

TEST_F(AtomicFile, SymbolicLinkIsFollowed) {
  put("target", "old");
  fs::create_symlink("target", path("link"));

  replace_file(path("link"), [](const std::string& temporary) { std::ofstream(temporary) << "new"; });

  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_EQ(file_bytes(path("target")), "new");
}

TEST_F(AtomicFile, MissingDirectoryIsAnErrorThatNamesPathAndReason) {
  try {
    replace_file(path("absent/a"), [](const std::string&) { FAIL() << "the writer was called"; });
    FAIL() << "no error";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find(path("absent/a")), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("No such file or directory"), std::string::npos) << error.what();
  }
}

TEST_F(AtomicFile, DirectoryIsNotReplaced) {
  fs::create_directory(path("a"));

  EXPECT_THROW(replace_file(path("a"), [](const std::string&) {}), InputError);
  EXPECT_EQ(file_count(), 1u);
}

TEST_F(AtomicFile, WriterThatRemovesTheTemporaryIsAnError) {
  put("a", "old");

  EXPECT_THROW(replace_file(path("a"), [](const std::string& temporary) { fs::remove(temporary); }), Error);
  EXPECT_EQ(file_bytes(path("a")), "old");
}

}  // namespace
}  // namespace spikeweave
