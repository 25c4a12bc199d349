# cmake -DROOT=.. -P FormatCheck.cmake
# Every source is as clang-format 14 writes it; other versions disagree in places, so they do not count.
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/SourceFiles.cmake)

find_program(clang_format NAMES clang-format-14 clang-format)
if(NOT clang_format)
  message(NOTICE "SKIPPED: clang-format was not found")
  return()
endif()
execute_process(COMMAND ${clang_format} --version OUTPUT_VARIABLE version OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT version MATCHES "version 14\\.")
  message(NOTICE "SKIPPED: clang-format 14 was not found, only: ${version}")
  return()
endif()

sw_source_files(files)
execute_process(COMMAND ${clang_format} --dry-run --Werror --style=file ${files} WORKING_DIRECTORY "${ROOT}"
  RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "Format with: ${clang_format} -i <files>")
endif()
