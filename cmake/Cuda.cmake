# SW_CUDA -> SW_CUDA_FOUND, with the CUDA language enabled where that is true.
# SW_CUDA_HEADERS: where cuda_runtime.h and curand_kernel.h are, also without nvcc; the emulated build can use them.

set(SW_CUDA AUTO CACHE STRING "CUDA backend: ON, OFF, or AUTO (where nvcc 12.1 or newer works)")
set_property(CACHE SW_CUDA PROPERTY STRINGS AUTO ON OFF)
if(NOT SW_CUDA MATCHES "^(AUTO|ON|OFF)$")
  message(FATAL_ERROR "SW_CUDA: \"${SW_CUDA}\" is none of AUTO, ON, OFF")
endif()

set(CMAKE_CUDA_ARCHITECTURES "80;90" CACHE STRING "Compute capabilities to build for")
set(CMAKE_CUDA_RUNTIME_LIBRARY Static)

# Sets `reason` to why CUDA cannot be used, or to nothing.
function(sw_probe_cuda reason)
  include(CheckLanguage)
  if(NOT CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX})
    find_program(SW_NVCC nvcc HINTS /usr/local/cuda/bin)  # the toolkit's installer leaves PATH alone
    mark_as_advanced(SW_NVCC)
    if(SW_NVCC)
      set(ENV{CUDACXX} "${SW_NVCC}")
    endif()
  endif()
  check_language(CUDA)
  if(NOT CMAKE_CUDA_COMPILER)
    set(${reason} "no working CUDA compiler (nvcc) was found" PARENT_SCOPE)
    return()
  endif()
  execute_process(COMMAND "${CMAKE_CUDA_COMPILER}" --version OUTPUT_VARIABLE version ERROR_QUIET)
  if(NOT version MATCHES "release ([0-9]+\\.[0-9]+)")
    set(${reason} "${CMAKE_CUDA_COMPILER} is not nvcc" PARENT_SCOPE)
  elseif(CMAKE_MATCH_1 VERSION_LESS 12.1)
    set(${reason} "${CMAKE_CUDA_COMPILER} is release ${CMAKE_MATCH_1}; C++20 and kernel parameters beyond 4 KiB need 12.1" PARENT_SCOPE)
  else()
    set(${reason} "" PARENT_SCOPE)
  endif()
endfunction()

set(SW_CUDA_FOUND FALSE)
if(SW_CUDA STREQUAL "OFF")
  message(STATUS "CUDA backend: no (SW_CUDA=OFF)")
else()
  sw_probe_cuda(sw_cuda_missing)
  if(NOT sw_cuda_missing)
    if(CMAKE_VERSION VERSION_LESS 3.25.2)  # knows nvcc's C++20 only from 3.25.2 on
      set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
      set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION "-std=c++20")
    endif()
    enable_language(CUDA)
    set(SW_CUDA_FOUND TRUE)
    message(STATUS "CUDA backend: yes (nvcc ${CMAKE_CUDA_COMPILER_VERSION}, architectures ${CMAKE_CUDA_ARCHITECTURES})")
  elseif(SW_CUDA STREQUAL "ON")
    message(FATAL_ERROR
      "SW_CUDA=ON, but ${sw_cuda_missing}.\n"
      "Install the CUDA toolkit, name its nvcc with -DCMAKE_CUDA_COMPILER=/path/to/nvcc, or configure with SW_CUDA=OFF.")
  else()
    message(STATUS "CUDA backend: no (${sw_cuda_missing})")
  endif()
endif()

find_path(SW_CUDA_HEADERS curand_kernel.h
  HINTS ${CMAKE_CUDA_TOOLKIT_INCLUDE_DIRECTORIES} ENV CUDA_HOME ENV CUDA_PATH /usr/local/cuda PATH_SUFFIXES include)
mark_as_advanced(SW_CUDA_HEADERS)
