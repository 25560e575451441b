#!/usr/bin/env bash
# Vets and tests the SDKs. The Go modules are apart from the server's, so that nobody gets its libraries with a client; between releases they
# find each other by a go.work in a temp folder, which is not committed: with one, builds of the server would differ from what is released.
#
#   tools/sdk.sh                 # all of them
#   tools/sdk.sh go              # of one language: go, ts, python
#   tools/sdk.sh lint            # the Go ones, by the rules of the server
#   tools/sdk.sh follower OUT    # builds the program that test/load measures revocations with
#   tools/sdk.sh env             # prints GOWORK for a shell: eval "$(tools/sdk.sh env)"
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

modules=(sdk/go sdk/go/echo)
for module in sdk/e2e examples/go-sdk; do
	if [ -f "$module/go.mod" ]; then modules+=("$module"); fi
done

work=$(mktemp -d)
if [ "${1:-}" != env ]; then trap 'rm -rf "$work"' EXIT; fi

# workspace names the modules and the version of Go that they need at most.
workspace() {
	{
		echo "go $(awk '$1 == "go" { print $2 }' "${modules[@]/%//go.mod}" | sort -V | tail -n 1)"
		for module in "${modules[@]}"; do echo "use $PWD/$module"; done
	} >"$work/go.work"
	export GOWORK=$work/go.work
	# -mod=readonly is the rule of workspaces already, and they refuse to be told.
	GOFLAGS=${GOFLAGS:-}
	GOFLAGS=${GOFLAGS/-mod=readonly/}
	export GOFLAGS
}

test_go() {
	workspace
	for module in "${modules[@]}"; do
		printf -- '-- %s\n' "$module"
		(cd "$module" && go vet ./... && go test -vet=off -race -timeout 10m ./...)
	done
}

lint() {
	local linter config=$PWD/.golangci.yml
	linter=$(go tool -modfile=tools/tools.mod -n golangci-lint)
	workspace
	for module in "${modules[@]}"; do
		printf -- '-- %s\n' "$module"
		(cd "$module" && "$linter" run --config "$config" ./...)
	done
}

# The other languages have scripts of their own, which make what they build in a temp folder.
test_ts() { if [ -x sdk/ts/test.sh ]; then sdk/ts/test.sh; else echo "-- sdk/ts is not there"; fi; }

test_python() { if [ -x sdk/python/test.sh ]; then sdk/python/test.sh; else echo "-- sdk/python is not there"; fi; }

follower() {
	workspace
	(cd sdk/e2e && go build -o "$1" ./follower)
}

case ${1:-all} in
follower) follower "$2" ;;
go) test_go ;;
lint) lint ;;
ts) test_ts ;;
python) test_python ;;
env)
	workspace
	printf 'export GOWORK=%q GOFLAGS=%q\n' "$GOWORK" "$GOFLAGS"
	;;
all)
	test_go
	test_ts
	test_python
	;;
*)
	echo "usage: tools/sdk.sh [go | lint | ts | python | follower OUT | env]" >&2
	exit 2
	;;
esac
