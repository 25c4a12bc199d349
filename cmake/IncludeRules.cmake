# cmake -DROOT=.. -P IncludeRules.cmake
# Who may include what, and two constructs that may not occur. Line comments do not count. Every violation is listed.
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/SourceFiles.cmake)

function(violation text)
  message(NOTICE "${file}: ${text}")
  set_property(GLOBAL APPEND PROPERTY violations x)
endfunction()

# Only files that match `allowed` may include what matches `header`.
function(only allowed header who)
  if(name MATCHES "${header}" AND NOT file MATCHES "${allowed}")
    violation("includes ${name}; only ${who} may")
  endif()
endfunction()

# Files that match `files` may not include what matches `header`.
function(never files header why)
  if(name MATCHES "${header}" AND file MATCHES "${files}")
    violation("includes ${name}; ${why}")
  endif()
endfunction()

sw_source_files(files)
foreach(file IN LISTS files)
  file(READ "${ROOT}/${file}" content)
  string(REGEX REPLACE "//[^\n]*" "" content "${content}")

  string(REGEX MATCHALL "#[ \t]*include[ \t]*[<\"][^>\"\n]+" includes "${content}")
  foreach(include IN LISTS includes)
    string(REGEX REPLACE "^[^<\"]*[<\"]" "" name "${include}")
    only("^(kernels|tests/emulation)/" "^(cuda|curand|cub|thrust|cooperative_groups|mma\\.h|nvtx|device_launch)"
      "kernels/ and tests/emulation/")
    only("^host/(config|record)/" "^nlohmann/" "host/config/ and host/record/")
    only("^(host/record/|host/task/piano_roll_file\\.cpp$|tests/unit/[^/]*_file_test\\.cpp$)" "^(hdf5|matio)\\.h$"
      "host/record/, host/task/piano_roll_file.cpp and the tests of file formats")
    never("^include/spikeweave/(models|learning|optim)/" "^(vector|iostream)$" "math headers neither allocate nor print")
    never("^include/" "^(\\.\\./|host/|kernels/|tests/|bench/)" "public headers include only each other")
  endforeach()

  if(content MATCHES "<<<")
    violation("has <<<; kernels start through launch() only")
  endif()
  if(file MATCHES "\\.(hpp|cuh)$" AND content MATCHES "using[ \t\n]+namespace")
    violation("has `using namespace`, and is a header")
  endif()
endforeach()

get_property(violations GLOBAL PROPERTY violations)
list(LENGTH violations violation_count)
list(LENGTH files file_count)
if(violations)
  message(FATAL_ERROR "${violation_count} violations in ${file_count} files")
endif()
message(STATUS "${file_count} files keep the include rules")
