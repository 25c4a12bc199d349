#!/usr/bin/env bash
# Everything that only a machine with a GPU can show, in two parts of under nine minutes each.
#
#   bench/gpu_suite.sh OUTDIR test    the whole GPU test suite, then compute-sanitizer on the small tests
#   bench/gpu_suite.sh OUTDIR bench   the benchmarks, as JSON
#
# BUILD: build folder with the binaries (default: build/default for test, build/bench for bench). Build them elsewhere
# with -DSW_CUDA=ON -DSW_MARCH=x86-64-v3 and bring the folder along; nothing is compiled here. Shared libraries that the
# machine lacks (fmt, HDF5, matio, Boost.Context, GoogleTest is static) are looked for in $BUILD/lib: copy them there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

out=${1:?usage: bench/gpu_suite.sh OUTDIR test|bench}
part=${2:?usage: bench/gpu_suite.sh OUTDIR test|bench}
mkdir -p "$out"

describe_machine() {
  nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv
  nvcc --version 2>/dev/null | tail -n 1 || true
  git describe --always --dirty 2>/dev/null || true
}

run_tests() {
  local build=${BUILD:-build/default} failed=0
  export SW_REQUIRE_CUDA=1 LD_LIBRARY_PATH="$build/lib:${LD_LIBRARY_PATH:-}"
  "$build/spikeweave" selftest | tee "$out/selftest.txt" || failed=1
  "$build/tests/ops_tests" --gtest_output="json:$out/ops.json" | tee "$out/ops.txt" | tail -n 5 || failed=1
  SW_SOURCE_FOLDER="$PWD" "$build/tests/runs_tests" --gtest_filter='*RunsOn*' | tee "$out/runs.txt" | tail -n 3 || failed=1
  "$build/tests/unit_tests" --gtest_filter='*Random*:*Curand*' | tee "$out/random.txt" | tail -n 3 || failed=1
  for tool in memcheck racecheck; do
    # A filter that matches nothing would pass, so the number of tests is checked too.
    compute-sanitizer --tool "$tool" --error-exitcode 9 "$build/tests/ops_tests" --gtest_filter='*/Cuda' \
      >"$out/$tool.txt" 2>&1 || failed=1
    grep -qE '^\[==========\] [1-9][0-9]* tests? ' "$out/$tool.txt" || failed=1
    tail -n 3 "$out/$tool.txt"
  done
  return $failed
}

run_benchmarks() {
  local build=${BUILD:-build/bench} failed=0
  export LD_LIBRARY_PATH="$build/lib:${LD_LIBRARY_PATH:-}"
  for experiment in tasks/{evidence_accumulation,pattern_generation,jsb_chorales}.json bench/experiments/*.json; do
    "$build/spikeweave" bench "$experiment" --backend cuda --json "$out/$(basename "$experiment")" |
      tee -a "$out/bench.txt" || failed=1
  done
  for experiment in bench/experiments/{700-256-20,700-1024-20}.json; do  # the machine's PyTorch, if it has one
    python3 bench/peers/training.py "$experiment" --program "$build/spikeweave" --device cuda \
      --forms adjoint autograd compiled graphs --json "$out/peers_$(basename "$experiment")" |
      tee -a "$out/peers.txt" || failed=1
  done
  return $failed
}

describe_machine | tee "$out/machine.txt"
case $part in
  test) run_tests ;;
  bench) run_benchmarks ;;
  *)
    echo "gpu_suite.sh: unknown part $part; allowed are test and bench" >&2
    exit 2
    ;;
esac
