# cmake -DROOT=.. -P FileLength.cmake
# Every source has fewer than 400 lines.
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/SourceFiles.cmake)

set(too_long_count 0)
sw_source_files(files)
foreach(file IN LISTS files)
  file(READ "${ROOT}/${file}" content)
  string(REGEX REPLACE "[^\n]" "" newlines "${content}")
  string(LENGTH "${newlines}" line_count)
  if(line_count GREATER_EQUAL 400)
    message(NOTICE "${file}: ${line_count} lines; fewer than 400 are allowed")
    math(EXPR too_long_count "${too_long_count} + 1")
  endif()
endforeach()
if(too_long_count)
  message(FATAL_ERROR "${too_long_count} files are too long")
endif()
