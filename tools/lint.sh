#!/usr/bin/env bash
# Lints the server, and the SDKs by the same rules.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The linter is a program, whatever flags the packages are built with.
LINTER=$(GOFLAGS=-trimpath CGO_ENABLED=0 go tool -modfile=tools/tools.mod -n golangci-lint)
export LINTER
"$LINTER" run ./...
tools/sdk.sh lint
