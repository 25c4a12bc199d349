# For scripts run with -DROOT=..: sw_source_files(out) gives every C++ and CUDA source, relative to ROOT, sorted.

if(NOT IS_DIRECTORY "${ROOT}")
  message(FATAL_ERROR "ROOT: \"${ROOT}\" is not a folder")
endif()

function(sw_source_files out)
  set(patterns)
  foreach(folder include host kernels tests bench)
    foreach(ending hpp cpp cuh cu)
      list(APPEND patterns "${ROOT}/${folder}/*.${ending}")
    endforeach()
  endforeach()
  file(GLOB_RECURSE files RELATIVE "${ROOT}" ${patterns})
  if(NOT files)
    message(FATAL_ERROR "${ROOT}: no sources found")
  endif()
  set(${out} "${files}" PARENT_SCOPE)
endfunction()
