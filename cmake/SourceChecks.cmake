# ctest entries that read the sources: include rules, file length, format. Each is a script that takes the root of a
# tree. For each rule there is a tiny planted tree, written at configure time, that breaks this rule alone: there the
# script has to fail. On the planted tree that breaks none it has to pass.

set(scripts ${CMAKE_SOURCE_DIR}/cmake)
set(planted ${CMAKE_BINARY_DIR}/planted)

function(sw_source_check name script root)
  add_test(NAME source.${name} COMMAND ${CMAKE_COMMAND} -DROOT=${root} -P ${scripts}/${script}.cmake)
  set_tests_properties(source.${name} PROPERTIES LABELS source SKIP_REGULAR_EXPRESSION "^SKIPPED: ")
endfunction()

# sw_planted_violation(name script path content): a tree with one file that breaks one rule.
function(sw_planted_violation name script path content)
  file(CONFIGURE OUTPUT ${planted}/${name}/${path} CONTENT "${content}\n" @ONLY)
  configure_file(${CMAKE_SOURCE_DIR}/.clang-format ${planted}/${name}/.clang-format COPYONLY)
  sw_source_check(finds_${name} ${script} ${planted}/${name})
  set_tests_properties(source.finds_${name} PROPERTIES WILL_FAIL TRUE)
endfunction()

foreach(script IncludeRules FileLength FormatCheck)
  sw_source_check(${script} ${script} ${CMAKE_SOURCE_DIR})
  sw_source_check(${script}_passes_clean_tree ${script} ${planted}/clean)
endforeach()
file(CONFIGURE OUTPUT ${planted}/clean/kernels/clean.cu @ONLY CONTENT
  "#include <cuda_runtime.h>  // allowed here\n\n// never kernel<<<1, 1>>>(), never using namespace std;\nint clean = 0;\n")
configure_file(${CMAKE_SOURCE_DIR}/.clang-format ${planted}/clean/.clang-format COPYONLY)

set(rules IncludeRules)
sw_planted_violation(cuda_in_host ${rules} host/cpu/a.cpp "#include <cuda_runtime.h>")
sw_planted_violation(curand_in_header ${rules} include/spikeweave/core/a.hpp "#  include <curand_kernel.h>")
sw_planted_violation(cub_in_bench ${rules} bench/a.cpp "#include <cub/block/block_reduce.cuh>")
sw_planted_violation(thrust_in_tests ${rules} tests/unit/a_test.cpp "#include <thrust/sort.h>")
sw_planted_violation(cooperative_groups_in_tests ${rules} tests/ops/a_test.cpp "#include <cooperative_groups.h>")
sw_planted_violation(json_in_task ${rules} host/task/a.cpp "#include <nlohmann/json.hpp>")
sw_planted_violation(hdf5_in_train ${rules} host/train/a.cpp "#include <hdf5.h>")
sw_planted_violation(matio_in_other_task ${rules} host/task/other_file.cpp "#include <matio.h>")
sw_planted_violation(vector_in_model ${rules} include/spikeweave/models/a.hpp "#include <vector>")
sw_planted_violation(iostream_in_rule ${rules} include/spikeweave/learning/a.hpp "#include <iostream>")
sw_planted_violation(host_in_public_header ${rules} include/spikeweave/ops/a.hpp "#include \"host/cpu/b.hpp\"")
sw_planted_violation(kernels_in_public_header ${rules} include/spikeweave/ops/a.hpp "#include \"kernels/launch.cuh\"")
sw_planted_violation(bare_launch ${rules} kernels/a.cu "void f() { kernel<<<1, 32>>>(); }")
sw_planted_violation(using_namespace_in_header ${rules} host/record/a.hpp "using namespace std;")
sw_planted_violation(unformatted FormatCheck host/cpu/a.cpp "int  f( ){return 1 ;}")
string(REPEAT "//\n" 400 long_file)
sw_planted_violation(long_file FileLength host/cpu/a.cpp "${long_file}")
