#!/usr/bin/env bash
# Everything that only a machine with a GPU can show, in two parts of under nine minutes each.
#
#   bench/gpu_suite.sh OUTDIR test    the whole GPU test suite, then compute-sanitizer on the small tests
#   bench/gpu_suite.sh OUTDIR bench   the benchmarks, as JSON
#
# BUILD: build folder with the binaries (default: build/default for test, build/bench for bench). Build them elsewhere
# with -DSW_CUDA=ON -DSW_MARCH=x86-64-v3 and bring the folder along; nothing is compiled here. Shared libraries that the
# machine lacks (fmt, HDF5, matio, Boost.Context; GoogleTest is static) go into a folder beside the binaries that their
# RPATH names, as `patchelf --force-rpath --set-rpath '$ORIGIN/libs'` does: LD_LIBRARY_PATH would give them to Python too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

out=${1:?usage: bench/gpu_suite.sh OUTDIR test|bench}
part=${2:?usage: bench/gpu_suite.sh OUTDIR test|bench}
mkdir -p "$out"

describe_machine() {
  nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
  nvcc --version 2>/dev/null | tail -n 1 || true
  "$build/spikeweave" --version
}

# TOOL SHARD SHARDS FILTER: one part of the tests under a tool of compute-sanitizer.
sanitize() {
  local log=$out/$1_$2.txt
  GTEST_SHARD_INDEX=$2 GTEST_TOTAL_SHARDS=$3 compute-sanitizer --tool "$1" --error-exitcode 9 "$build/tests/ops_tests" \
    --gtest_filter="$4" >"$log" 2>&1 || return 1
  grep -qE '^\[==========\] [1-9][0-9]* tests? ' "$log"  # a filter that matches nothing would pass
}

run_tests() {
  local failed=0 jobs=() shards=${SHARDS:-6}
  export SW_REQUIRE_CUDA=1
  for ((shard = 0; shard < shards; ++shard)); do
    sanitize memcheck $shard $shards '*/Cuda' & jobs+=($!)
    # The tests left out here would take racecheck many minutes.
    sanitize racecheck $shard $shards '*/Cuda-*Plasticity*:*Forward*' & jobs+=($!)
  done
  "$build/spikeweave" selftest | tee "$out/selftest.txt" || failed=1
  "$build/tests/ops_tests" --gtest_output="json:$out/ops.json" | tee "$out/ops.txt" | tail -n 5 || failed=1
  SW_SOURCE_FOLDER="$PWD" "$build/tests/runs_tests" --gtest_filter='*RunsOn*' | tee "$out/runs.txt" | tail -n 3 || failed=1
  "$build/tests/unit_tests" --gtest_filter='*Random*:*Curand*' | tee "$out/random.txt" | tail -n 3 || failed=1
  for job in "${jobs[@]}"; do
    wait "$job" || failed=1
  done
  tail -qn 1 "$out"/{memcheck,racecheck}_*.txt
  return $failed
}

# NAME EXPERIMENT OPTION...
run_bench() {
  local name=$1
  shift
  "$build/spikeweave" bench "$@" --backend cuda --json "$out/$name.json" | tee -a "$out/bench.txt"
}

run_benchmarks() {
  local failed=0
  local large=bench/experiments/700-1024-20.json
  python3 bench/peers/ceilings.py --device cuda --json "$out/ceilings.json" | tee "$out/ceilings.txt" || failed=1
  for experiment in tasks/{evidence_accumulation,pattern_generation,jsb_chorales}.json bench/experiments/*.json; do
    run_bench "$(basename "$experiment" .json)" "$experiment" || failed=1
  done
  # The sizes that bench/README.md has goals for: a large forward pass, gradients as products, the on-line form, and a
  # forward pass that is drawing of events for the most part.
  run_bench forward-3500 $large --check-trials 1 --set /network/populations/0/size=1750 \
    --set /network/populations/1/size=1750 --set /training/batch_size=1 || failed=1
  run_bench gradient-1024 $large --check-trials 1 --set /task/inputs=1024 || failed=1
  run_bench gradient-4096 $large --check-trials 1 --set /task/inputs=4096 --set /network/populations/0/size=2048 \
    --set /network/populations/1/size=2048 --set /training/batch_size=64 || failed=1
  run_bench online-1024 $large --check-trials 1 --set /learning/form=step --set /training/batch_size=64 || failed=1
  run_bench draws-8192 $large --check-trials 1 --set /task/inputs=8192 --set /network/populations/0/size=16 \
    --set /network/populations/1/size=16 --set /training/batch_size=128 || failed=1
  for experiment in bench/experiments/{700-256-20,700-1024-20}.json; do  # the machine's PyTorch, if it has one
    python3 bench/peers/training.py "$experiment" --program "$build/spikeweave" --device cuda \
      --forms adjoint autograd compiled graphs --json "$out/peers_cuda_$(basename "$experiment")" |
      tee -a "$out/peers.txt" || failed=1
  done
  # A deep network in the order of layers beside PyTorch in the same order, launched by the host and in a CUDA graph.
  local deep=bench/experiments/784-1500-1500-1500-10.json
  for batch in 20 128; do
    python3 bench/peers/layers.py $deep --set /training/batch_size=$batch --program "$build/spikeweave" --device cuda \
      --forms layers graph --json "$out/peers_cuda_784-1500-1500-1500-10_batch$batch.json" |
      tee -a "$out/peers.txt" || failed=1
  done
  run_bench 784-1500-1500-1500-10_batch128 $deep --check-trials 1 --set /training/batch_size=128 || failed=1
  python3 bench/peers/summary.py "$out" "$out/summary.json" || failed=1
  return $failed
}

build=${BUILD:-build/$([[ $part == bench ]] && echo bench || echo default)}
describe_machine | tee "$out/machine.txt"
case $part in
  test) run_tests ;;
  bench) run_benchmarks ;;
  *)
    echo "gpu_suite.sh: unknown part $part; allowed are test and bench" >&2
    exit 2
    ;;
esac
