# Warnings of host code that both g++ and clang (clang-tidy) know. SW_WERROR makes them errors.
# Under nvcc g++ would warn about code that nvcc wrote; the emulated build compiles the same kernels with these.
# Left out on purpose: missing members of a designated initialiser, which take their defaults.
# spikeweave_library_warnings: further ones, for what is not a test.

option(SW_WERROR "Treat warnings as errors" OFF)

add_library(spikeweave_warnings INTERFACE)
target_compile_options(spikeweave_warnings INTERFACE
  "$<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wno-missing-field-initializers;-Wpedantic;-Wshadow;-Wnon-virtual-dtor;-Woverloaded-virtual;-Wcast-qual;-Wformat=2;-Wextra-semi>")
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # g++ 12 finds overlaps in "text" + std::string that are not there (gcc.gnu.org/PR105651).
  target_compile_options(spikeweave_warnings INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict>")
endif()

# g++ 12 also finds Eigen's AVX-512 registers uninitialised (gcc.gnu.org/PR105593). Of the source given.
function(sw_allow_eigen_avx512 source)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "-Wno-uninitialized;-Wno-maybe-uninitialized")
  endif()
endfunction()

# A literal without its f, in code that is to be float throughout. Tests compare in double on purpose.
add_library(spikeweave_library_warnings INTERFACE)
target_compile_options(spikeweave_library_warnings INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:-Wdouble-promotion>")

if(SW_WERROR)
  target_compile_options(spikeweave_warnings INTERFACE
    "$<$<COMPILE_LANGUAGE:CXX>:-Werror>" "$<$<COMPILE_LANGUAGE:CUDA>:-Werror=all-warnings>")
endif()
