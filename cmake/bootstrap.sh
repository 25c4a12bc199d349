#!/usr/bin/env bash
# From a fresh checkout on Debian 12 or Ubuntu 24.04 to a result, or to a tested build.
#
#   cmake/bootstrap.sh run  [options of `spikeweave run`]   builds, trains tasks/jsb_chorales.json into runs/jsb_chorales
#   cmake/bootstrap.sh test                                 builds, runs every test, then the sanitised ones
#
# Distribution packages that are missing are installed with apt-get, as root or through sudo. CUDA is used where nvcc is,
# and never installed. SW_CMAKE_ARGS: further arguments for configuring, e.g. "-DSW_WERROR=ON -DSW_MARCH=x86-64-v3".
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

packages=(
  g++ cmake ninja-build pkg-config
  libfmt-dev nlohmann-json3-dev libcli11-dev libhdf5-dev libmatio-dev zlib1g-dev libeigen3-dev
  gnuplot-nox
  libgtest-dev libboost-context-dev
)

say() { printf '\n== %s\n' "$*"; }

fail() {
  printf 'bootstrap.sh: %s\n' "$*" >&2
  exit 1
}

is_installed() { [[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" == installed ]]; }

install_missing_packages() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    say "Not a Debian system: expecting the counterparts of ${packages[*]}"
    return
  fi
  local missing=() package
  for package in "${packages[@]}"; do
    is_installed "$package" || missing+=("$package")
  done
  if ((${#missing[@]} == 0)); then return; fi

  say "Installing ${missing[*]}"
  local as_root=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null || fail "not root, and there is no sudo; as root: apt-get install ${missing[*]}"
    # Without a terminal sudo could not ask for the password.
    [[ -t 0 ]] || sudo -n true 2>/dev/null || fail "sudo needs a password; as root: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0)
  "${apt[@]}" update || fail "apt-get update failed"
  "${apt[@]}" install -y --no-install-recommends "${missing[@]}" >/dev/null ||
    fail "apt-get could not install ${missing[*]} (on Ubuntu they are in the component universe)"
}

# configure_and_build <preset> [arguments for cmake --build]
configure_and_build() {
  local preset=$1
  shift
  local arguments=()
  read -r -a arguments <<<"${SW_CMAKE_ARGS:-}"
  say "Configuring and building $preset"
  cmake --preset "$preset" "${arguments[@]}"
  cmake --build --preset "$preset" --parallel "$(nproc)" "$@"
}

passed=0 failed=0 skipped=0

# run_tests <preset>: adds to the three counts.
run_tests() {
  local report="$PWD/build/$1/junit.xml" status=0 total
  say "Testing $1"
  rm -f "$report"
  ctest --preset "$1" --parallel "$(nproc)" --progress --output-junit "$report" || status=$?
  [[ -f "$report" ]] || fail "ctest wrote no report ($report)"
  count() { sed -n "s/^[[:space:]]*$1=\"\([0-9]*\)\".*/\1/p" "$report" | head -n 1; }
  total=$(count tests)
  failed=$((failed + $(count failures)))
  skipped=$((skipped + $(count skipped) + $(count disabled)))
  passed=$((passed + total - $(count failures) - $(count skipped) - $(count disabled)))
  # A status without a failure in the report is a failure of ctest itself.
  if ((status != 0 && $(count failures) == 0)); then failed=$((failed + 1)); fi
}

case "${1:-}" in
  run)
    shift
    install_missing_packages
    configure_and_build default --target spikeweave
    say "Training tasks/jsb_chorales.json; results in runs/jsb_chorales"
    exec build/default/spikeweave run tasks/jsb_chorales.json --out runs/jsb_chorales "$@"
    ;;
  test)
    (($# == 1)) || fail "test takes no arguments"
    packages+=(clang-format-14)
    install_missing_packages
    configure_and_build default
    run_tests default
    configure_and_build asan
    run_tests asan
    printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
    ((failed == 0 && passed > 0))
    ;;
  *)
    printf 'usage: %s run [options of spikeweave run] | test\n' "$0" >&2
    exit 2
    ;;
esac
