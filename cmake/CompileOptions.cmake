# What every translation unit is compiled with. Spikes must be the same bits on every backend, so nothing here may let
# the compiler contract, reorder or assume away floating-point operations.
include(CheckCXXCompilerFlag)

set(SW_MARCH native CACHE STRING "-march of host code: native, x86-64-v3, ...; empty for the compiler's default")

set(sw_march_flag)
if(SW_MARCH)
  string(MAKE_C_IDENTIFIER "SW_ACCEPTS_MARCH_${SW_MARCH}" sw_march_result)
  check_cxx_compiler_flag("-march=${SW_MARCH}" ${sw_march_result})
  if(${sw_march_result})
    set(sw_march_flag "-march=${SW_MARCH}")
  else()
    message(WARNING "The compiler does not accept -march=${SW_MARCH}; building without it.")
  endif()
endif()

add_library(spikeweave_options INTERFACE)
target_include_directories(spikeweave_options INTERFACE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR})
target_compile_options(spikeweave_options INTERFACE
  "$<$<COMPILE_LANGUAGE:CXX>:${sw_march_flag};-ffp-contract=off;-fno-trapping-math;-fno-math-errno>"
  "$<$<COMPILE_LANGUAGE:CUDA>:-fmad=false;-Xcompiler=-ffp-contract=off;--expt-relaxed-constexpr>")
target_link_libraries(spikeweave_options INTERFACE
  $<BUILD_INTERFACE:spikeweave_warnings> $<BUILD_INTERFACE:spikeweave_sanitizers> Threads::Threads)
