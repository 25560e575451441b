#!/usr/bin/env bash
# Builds a release into a folder: for each platform an archive of the static binary with its licence and documents, a list of what is in
# the binary (CycloneDX), and SHA256SUMS over all of it.
#
#   tools/release.sh 1.0.0            # into dist/
#   tools/release.sh 1.0.0 /tmp/dist
#
# The same commit makes the same bytes, in whatever folder and at whatever time, with the same Go: paths are trimmed, and times are the
# commit's (or SOURCE_DATE_EPOCH). PLATFORMS are all unless some are named: PLATFORMS="linux/amd64 linux/arm64".
set -euo pipefail

if [ $# -lt 1 ] || [ $# -gt 2 ] || ! [[ $1 =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]]; then
	echo "usage: tools/release.sh VERSION [FOLDER], the version as 1.2.3 or 1.2.3-rc.1" >&2
	exit 2
fi
version=$1
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mkdir -p "${2:-dist}"
out=$(cd "${2:-dist}" && pwd)
read -r -a platforms <<<"${PLATFORMS:-linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64}"

export GOFLAGS='-mod=readonly' GOTOOLCHAIN=${GOTOOLCHAIN:-local} GOWORK=off TZ=UTC LC_ALL=C
commit=$(git rev-parse HEAD)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
date=$(date --utc --date="@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)
if [ -n "$(git status --porcelain)" ]; then
	echo "there are changes that are in no commit: the binaries say so, and nobody can make the same ones" >&2
	commit+=-with-changes
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
run=github.com/signet-auth/signet/cmd/run
rm -f "$out"/signet_* "$out/SHA256SUMS"
for platform in "${platforms[@]}"; do
	system=${platform%/*} machine=${platform#*/}
	name=signet_${version}_${system}_${machine}
	folder=$work/$name
	binary=$folder/signet
	if [ "$system" = windows ]; then binary+=.exe; fi
	mkdir "$folder"
	# By -X, and not by -buildvcs, which sees no commit in a worktree of git: the same commit would make other bytes there.
	CGO_ENABLED=0 GOOS=$system GOARCH=$machine go build -trimpath -buildvcs=false \
		-ldflags "-s -w -X $run.version=$version -X $run.commit=$commit -X $run.date=$date" -o "$binary" ./cmd/signet
	cp LICENSE README.md CHANGELOG.md .env.example "$folder"
	if [ "$system" = linux ]; then cp -R deploy/systemd "$folder"; fi
	# Of the binary: what is in it, not what go.mod names.
	go tool -modfile=tools/tools.mod cyclonedx-gomod bin -json -noserial -verbose=false -version "v$version" -output "$out/$name.cdx.json" "$binary"
	sed -i "s/\"timestamp\": \"[^\"]*\"/\"timestamp\": \"$date\"/" "$out/$name.cdx.json" # it would be now
	chmod -R u=rwX,go=rX "$folder"
	find "$folder" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
	if [ "$system" = windows ]; then
		(cd "$work" && find "$name" -type f | sort | zip -X -q "$out/$name.zip" -@)
	else
		tar --create --directory "$work" --sort=name --format=ustar --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" "$name" |
			gzip --no-name --best >"$out/$name.tar.gz"
	fi
	rm -rf "$folder"
	echo "$name"
done
(cd "$out" && sha256sum -- signet_* >SHA256SUMS)
echo "signet $version, commit $commit of $date: $(find "$out" -name 'signet_*' | wc -l) files and SHA256SUMS in $out"
