#!/usr/bin/env bash
# The version of a release, which the server, its API and the packages have in common. See CONTRIBUTING.md, "Releasing".
#
#   tools/version.sh               # prints it, and fails where two files name different ones
#   tools/version.sh set 1.2.3     # writes it; commit that
#   tools/version.sh tag 1.2.3     # tags the commit for the server and for sdk/go
#   tools/version.sh echo 1.2.3    # once these are pushed: has sdk/go/echo require that sdk/go; commit that
#   tools/version.sh tag-echo 1.2.3
#
# It pushes and publishes nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# first prints what a pattern finds first in a file.
first() { sed -n "s/$2/\\1/p" "$1" | head -n 1; }

# python is a version as Python writes it (PEP 440).
python() { sed 's/-alpha\./a/; s/-beta\./b/; s/-rc\./rc/' <<<"$1"; }

check() {
	local version found file pattern
	version=$(first api/version.go '^const Version = "\(.*\)"$')
	while read -r file pattern; do
		found=$(first "$file" "$pattern")
		case $file in
		sdk/python/*) [ "$found" = "$(python "$version")" ] && continue ;;
		*) [ "$found" = "$version" ] && continue ;;
		esac
		echo "$file names version $found, and api/version.go $version: run tools/version.sh set" >&2
		return 1
	done <<-'END'
		docs/openapi.json ^    "version": "\(.*\)"$
		sdk/ts/package.json ^  "version": "\(.*\)",$
		sdk/ts/package-lock.json ^  "version": "\(.*\)",$
		sdk/python/pyproject.toml ^version = "\(.*\)"$
		sdk/python/signet_auth/__init__.py ^__version__ = "\(.*\)"$
	END
	# The lock names the package twice.
	found=$(sed -n '/^    "": {$/,/^    }/s/^      "version": "\(.*\)",$/\1/p' sdk/ts/package-lock.json)
	if [ "$found" != "$version" ]; then
		echo "sdk/ts/package-lock.json names version $found of the package, and api/version.go $version: run tools/version.sh set" >&2
		return 1
	fi
	echo "$version"
}

write() {
	local version=$1
	sed -i "s/^const Version = \".*\"$/const Version = \"$version\"/" api/version.go
	sed -i "0,/^    \"version\": \".*\"$/s//    \"version\": \"$version\"/" docs/openapi.json # of info, which comes first
	sed -i "s/^  \"version\": \".*\",$/  \"version\": \"$version\",/" sdk/ts/package.json sdk/ts/package-lock.json
	sed -i "/^    \"\": {$/,/^    }/s/^      \"version\": \".*\",$/      \"version\": \"$version\",/" sdk/ts/package-lock.json
	sed -i "s/^version = \".*\"$/version = \"$(python "$version")\"/" sdk/python/pyproject.toml
	sed -i "s/^__version__ = \".*\"$/__version__ = \"$(python "$version")\"/" sdk/python/signet_auth/__init__.py
	check
}

# tag tags the commit, which must be what is released: a tag that was pushed is never moved, because Go's proxies keep its first meaning.
tag() {
	local version=$1
	shift
	if [ "$(check)" != "$version" ]; then
		echo "the files name $(check), not $version: run tools/version.sh set $version, and commit" >&2
		return 1
	fi
	if [ -n "$(git status --porcelain)" ]; then
		echo "there are changes that are in no commit" >&2
		return 1
	fi
	local name
	for name in "$@"; do
		if git rev-parse --quiet --verify "refs/tags/$name" >/dev/null; then
			echo "there is a tag $name already" >&2
			return 1
		fi
	done
	for name in "$@"; do
		git tag --annotate --message "Signet $version" "$name"
		echo "$name"
	done
}

# echo_requires has the module sdk/go/echo require a version of sdk/go, which Go must be able to fetch.
echo_requires() (
	cd sdk/go/echo
	export GOWORK=off GOFLAGS=-mod=mod
	go get "github.com/signet-auth/signet/sdk/go@v$1"
	go mod tidy
	go vet ./...
)

if [ $# -eq 0 ]; then
	check
	exit
fi
# From 2 on, Go wants /v2 in the path of a module.
if [ $# -ne 2 ] || ! [[ $2 =~ ^[01]\.[0-9]+\.[0-9]+(-(alpha|beta|rc)\.[0-9]+)?$ ]]; then
	echo "usage: tools/version.sh [set | tag | echo | tag-echo VERSION], the version as 1.2.3 or 1.2.3-rc.1" >&2
	exit 2
fi
case $1 in
set) write "$2" ;;
tag) tag "$2" "v$2" "sdk/go/v$2" ;;
echo) echo_requires "$2" ;;
tag-echo)
	if ! grep -q "github.com/signet-auth/signet/sdk/go v$2\$" sdk/go/echo/go.mod; then
		echo "sdk/go/echo does not require sdk/go v$2 yet: run tools/version.sh echo $2, and commit" >&2
		exit 1
	fi
	tag "$2" "sdk/go/echo/v$2"
	;;
*)
	echo "usage: tools/version.sh [set | tag | echo | tag-echo VERSION]" >&2
	exit 2
	;;
esac
