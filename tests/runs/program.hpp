// Runs the program as a person would: its exit status, what it prints, the files it leaves.
#pragma once

#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/scratch_folder.hpp"

namespace spikeweave {

struct Outcome {
  int status = -1;
  std::string out;
  std::string err;
};

// A base of fixtures. SW_PROGRAM: path of the program.
class ProgramRun : public ::testing::Test {
 protected:
  // environment: in front of the command, e.g. "PATH=/none".
  Outcome run(const std::string& arguments, const std::string& environment = "") {
    const std::string out = folder_.path("stdout");
    const std::string err = folder_.path("stderr");
    const std::string command =
        environment + " " + SW_PROGRAM + " " + arguments + " >" + out + " 2>" + err + " </dev/null";
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, file_bytes(out), file_bytes(err)};
  }

  void expect_one_line(const Outcome& o, int status, const std::string& part) {
    EXPECT_EQ(o.status, status) << o.err;
    EXPECT_EQ(std::count(o.err.begin(), o.err.end(), '\n'), 1) << o.err;
    EXPECT_NE(o.err.find(part), std::string::npos) << o.err;
  }

  ScratchFolder folder_;
};

}  // namespace spikeweave
