# The libraries that are used, found where the distribution puts them. A missing one is an error that names its Debian
# package (the same in Ubuntu); cmake/bootstrap.sh installs them all.

function(sw_missing what package)
  message(FATAL_ERROR "${what} was not found. Debian and Ubuntu: apt-get install ${package}")
endfunction()

macro(sw_find_package name package)
  find_package(${name} QUIET ${ARGN})
  if(NOT ${name}_FOUND)
    sw_missing("${name}" ${package})
  endif()
endmacro()

sw_find_package(PkgConfig pkg-config)
sw_find_package(Threads libc6-dev)
sw_find_package(OpenMP g++ COMPONENTS CXX)
sw_find_package(fmt libfmt-dev)
sw_find_package(nlohmann_json nlohmann-json3-dev)
sw_find_package(CLI11 libcli11-dev)
sw_find_package(ZLIB zlib1g-dev)
sw_find_package(Eigen3 libeigen3-dev NO_MODULE)

# HDF5 through pkg-config: CMake's module would need the C language and may choose an MPI build.
pkg_search_module(HDF5 QUIET IMPORTED_TARGET hdf5-serial hdf5)
if(NOT HDF5_FOUND)
  sw_missing("HDF5" libhdf5-dev)
endif()
pkg_check_modules(MATIO QUIET IMPORTED_TARGET matio)
if(NOT MATIO_FOUND)
  sw_missing("matio" libmatio-dev)
endif()

if(BUILD_TESTING)
  sw_find_package(GTest libgtest-dev)
  sw_find_package(Boost libboost-context-dev CONFIG COMPONENTS context)
endif()
if(SW_BENCH)
  sw_find_package(benchmark libbenchmark-dev)
endif()
