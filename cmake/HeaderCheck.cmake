# Target header_check, part of every test build: each public header compiles alone, and twice.

file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/include/*.hpp)
set(units)
foreach(header IN LISTS headers)
  set(unit ${CMAKE_BINARY_DIR}/header_check/${header}.cpp)
  file(CONFIGURE OUTPUT ${unit} CONTENT "#include \"${header}\"\n#include \"${header}\"\n")
  list(APPEND units ${unit})
endforeach()

add_library(header_check OBJECT ${units})
target_link_libraries(header_check PRIVATE spikeweave_options spikeweave_library_warnings)
target_compile_options(header_check PRIVATE -O0)
set_target_properties(header_check PROPERTIES CXX_CLANG_TIDY "" EXPORT_COMPILE_COMMANDS OFF)
