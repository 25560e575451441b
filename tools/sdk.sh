#!/usr/bin/env bash
# Vets and tests the SDKs. The Go modules are apart from the server's, so that nobody gets its libraries with a client; between releases they
# find each other by a go.work in a temp folder, which is not committed: with one, builds of the server would differ from what is released.
#
#   tools/sdk.sh                 # all of them
#   tools/sdk.sh go              # of one language: go, ts, python
#   tools/sdk.sh lint            # the Go ones, by the rules of the server
#   tools/sdk.sh versions        # tries the release's steps that touch them, in a copy
#   tools/sdk.sh servers         # with the server SIGNET_BIN on SQLite, and on Postgres and Redis, once the packages were built
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
	linter=${LINTER:-$(go tool -modfile=tools/tools.mod -n golangci-lint)}
	workspace
	for module in "${modules[@]}"; do
		printf -- '-- %s\n' "$module"
		(cd "$module" && "$linter" run --config "$config" ./...)
	done
}

# The other languages have scripts of their own, which make what they build in a temp folder.
test_ts() { if [ -x sdk/ts/test.sh ]; then sdk/ts/test.sh; else echo "-- sdk/ts is not there"; fi; }

test_python() { if [ -x sdk/python/test.sh ]; then sdk/python/test.sh; else echo "-- sdk/python is not there"; fi; }

# versions raises the version in a copy, has each package's own tool read it, and tags. Nothing leaves the copy.
versions() (
	printf -- '-- versions\n'
	local version=1.98.7-rc.1 module=github.com/signet-auth/signet/sdk/go proxy=$work/proxy
	tools/version.sh
	mkdir "$work/copy"
	cp -R --parents api/version.go docs/openapi.json sdk/go sdk/python sdk/ts/package.json sdk/ts/package-lock.json tools "$work/copy"
	cd "$work/copy"
	export GIT_AUTHOR_NAME=release GIT_AUTHOR_EMAIL=release@example.com GIT_COMMITTER_NAME=release GIT_COMMITTER_EMAIL=release@example.com
	commit() { git add --all && git commit --quiet --message "$1"; }
	git init --quiet && commit before

	tools/version.sh set "$version" >/dev/null
	local said
	for said in "$(git diff --numstat | awk '{ n += $1 } END { print NR, n }')=6 7" \
		"$(node -p 'require("./sdk/ts/package.json").version')=$version" \
		"$(node -p 'const l = require("./sdk/ts/package-lock.json"); l.version + l.packages[""].version')=$version$version" \
		"$(cd sdk/python && /usr/bin/python3 -c 'import signet_auth; print(signet_auth.__version__)')=1.98.7rc1" \
		"$(cd sdk/python && /usr/bin/python3 -c 'from setuptools.config.pyprojecttoml import read_configuration as r; print(r("pyproject.toml")["project"]["version"])' 2>/dev/null)=1.98.7rc1"; do
		if [ "${said%%=*}" != "${said#*=}" ]; then
			echo "tools/version.sh set: got ${said%%=*}, not ${said#*=}" >&2
			return 1
		fi
	done
	if tools/version.sh tag "$version" 2>/dev/null; then
		echo "tools/version.sh tags what is in no commit" >&2
		return 1
	fi
	commit "Release $version"
	tools/version.sh tag "$version"

	# What Go's proxy would have of that tag, so that echo can require it.
	mkdir -p "$proxy/$module/@v"
	git show "sdk/go/v$version:sdk/go/go.mod" >"$proxy/$module/@v/v$version.mod"
	printf '{"Version": "v%s"}' "$version" >"$proxy/$module/@v/v$version.info"
	git archive --format=zip --prefix="$module@v$version/" --output="$proxy/$module/@v/v$version.zip" "sdk/go/v$version:sdk/go" . ':!echo'
	local kept others
	kept=$(go env GOMODCACHE)
	others=$(go env GOPROXY)
	export GOPROXY="file://$proxy,$others" GONOSUMDB=$module
	export GODEBUG=goindex=0 # Go keeps which files a version has, and this one's differ from run to run
	# shellcheck disable=SC2064 # as they are now
	trap "chmod -R u+w '$kept/$module@v$version' 2>/dev/null || true; rm -rf '$kept/$module@v$version' '$kept/cache/download/$module/@v/v$version'.*" EXIT
	tools/version.sh echo "$version"
	commit "Require sdk/go $version of echo"
	tools/version.sh tag-echo "$version"
)

# servers has a test get Postgres and Redis, which calls "real" for several languages at once: they wait most of the time.
servers() {
	printf -- '-- with real servers\n'
	if [ -z "${SIGNET_BIN:-}" ]; then
		echo "SIGNET_BIN names no server: skipped"
		return
	fi
	GOWORK=off SIGNET_TEST_SDK=on go test -vet=off -count=1 -parallel 2 -timeout 5m ./test/sdk
}

# real is what a language tries with a server on DATABASE_URI and REDIS_URL.
real() {
	case $1 in
	go)
		workspace
		cd sdk/e2e
		go test -vet=off -count=1 -race -run '/^given$' .
		;;
	ts)
		cd sdk/ts
		node --test test/real.test.js
		;;
	python)
		cd sdk/python
		PYTHONDONTWRITEBYTECODE=1 "${PYTHON:-/usr/bin/python3}" -W error::ResourceWarning -m unittest tests.test_signet
		;;
	esac
}

follower() {
	workspace
	(cd sdk/e2e && go build -o "$1" ./follower)
}

case ${1:-all} in
follower) follower "$2" ;;
go) test_go ;;
lint) lint ;;
versions) versions ;;
servers) servers ;;
real) real "$2" ;;
ts) test_ts ;;
python) test_python ;;
env)
	workspace
	printf 'export GOWORK=%q GOFLAGS=%q\n' "$GOWORK" "$GOFLAGS"
	;;
all)
	versions
	test_go
	(
		unset SIGNET_BIN SIGNET_TEST_BACKENDS # what needs a server comes last
		test_ts
		test_python
	)
	servers
	;;
*)
	echo "usage: tools/sdk.sh [go | lint | ts | python | versions | servers | follower OUT | env]" >&2
	exit 2
	;;
esac
