# cmake -DSOURCE=.. -DVERSION=.. -DOUTPUT=.. -P VersionHeader.cmake
# Writes OUTPUT if its content changes. The commit is "unknown" outside of a git checkout.
cmake_minimum_required(VERSION 3.25)

set(commit unknown)
find_program(git git)
if(git)
  execute_process(COMMAND ${git} describe --always --dirty --abbrev=12 WORKING_DIRECTORY ${SOURCE}
    OUTPUT_VARIABLE described RESULT_VARIABLE status ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(status EQUAL 0 AND described)
    set(commit "${described}")
  endif()
endif()

set(content "// Which build this is. Written by cmake/VersionHeader.cmake.
#pragma once

#include <string_view>

namespace spikeweave {

inline constexpr std::string_view version = \"${VERSION}\";
inline constexpr std::string_view git_commit = \"${commit}\";

}  // namespace spikeweave
")

set(previous "")
if(EXISTS "${OUTPUT}")
  file(READ "${OUTPUT}" previous)
endif()
if(NOT content STREQUAL previous)
  file(WRITE "${OUTPUT}" "${content}")
endif()
