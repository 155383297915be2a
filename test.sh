#!/usr/bin/env bash
# The whole test suite. As root on Debian or Ubuntu it installs the packages
# that the tests ask the kernel with; without root it says what it did not run
# and exits with status 3.
set -euo pipefail
cd "$(dirname "$0")"

step() { printf '\n== %s\n' "$*"; }

step "packages"
packages=(nftables iproute2 conntrack openssh-server openssh-client sudo procps util-linux netcat-openbsd
  bash dash busybox git gcc libc6-dev) # gcc for the race detector
missing=()
for p in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
done
if [ ${#missing[@]} -gt 0 ]; then
  if [ "$(id -u)" != 0 ]; then
    echo "missing packages: ${missing[*]} (run as root to install them)" >&2
    exit 3
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q >/dev/null
  apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null
fi
go version

step "gofmt"
unformatted=$(gofmt -s -l $(git ls-files '*.go'))
[ -z "$unformatted" ] || { echo "not formatted: $unformatted"; exit 1; }

step "vet and staticcheck"
go vet ./...
go tool staticcheck ./...

step "no test can be skipped"
if git grep -nE '\bt\.Skip|testing\.Short\(' -- '*_test.go' '*.go'; then exit 1; fi

[ "$(id -u)" = 0 ] || export NBFWC_WITHOUT_KERNEL=1 # those tests say NOT RUN, and so does the end of this script
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The race detector costs ten times the time, and sees nothing in a package that
# starts no goroutine and guards nothing.
concurrent=$(git grep -lE '\bgo (func|[a-z]+\()|\.Go\(|"sync' -- '*.go' ':!*_test.go' | xargs -n1 dirname | sort -u | sed 's|^|./|')
# Tests that break a push at each of its commands are long and do the same again
# and again: they run without it, too. They wait more than they work: many at once.
matrices='^(TestCutAtEveryCommand|TestPush(AuditTamperRepair|IsCutOff|LosesTheMachine|ThatLocksUsOut))$'
step "tests, with the race detector: $(echo $concurrent)"
go test -race -p 3 -timeout 20m -skip "$matrices" $concurrent 2>&1 | tee "$log"
step "tests of the other packages, and those that break pushes at every command"
go test -parallel 24 -timeout 20m -run "$matrices" ./cmd/nbfwc 2>&1 | tee -a "$log"
go test -parallel 8 -timeout 20m $(go list ./... | sed "s|^github.com/nbfwc/nbfwc|.|" | grep -vxF "$concurrent") 2>&1 | tee -a "$log"

step "mutants"
go run ./lab/mutants

# A fuzzer that searches for long finds something one day, and a check of a
# change must not depend on the day: here each target runs its corpus and a
# little more. NBFWC_FUZZTIME=60s searches.
step "fuzz targets"
fuzztime=${NBFWC_FUZZTIME:-500x}
for dir in $(git grep -l '^func Fuzz' -- '*_test.go' | xargs -n1 dirname | sort -u); do
  for target in $(grep -ho '^func Fuzz[A-Za-z0-9_]*' "$dir"/*_test.go | sed 's/func //' | sort -u); do
    go test "./$dir" -run '^$' -fuzz "^$target\$" -fuzztime "$fuzztime" -fuzzminimizetime 1x -parallel 2 >"$log" 2>&1 || { cat "$log"; exit 1; }
    echo "ok $dir $target"
  done
done

step "benchmarks, once"
go test -run '^$' -bench . -benchtime 1x ./... >"$log" 2>&1 || { cat "$log"; exit 1; }
grep '^Benchmark' "$log" | awk '{print $1, $3, $4}'

[ "$(id -u)" = 0 ] || { echo "NOT RUN: the tests that load rules into a kernel (they need root)" >&2; exit 3; }
step "passed"
