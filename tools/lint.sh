#!/usr/bin/env bash
# Lints the server, and the SDKs by the same rules.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

go tool -modfile=tools/tools.mod golangci-lint run ./...
tools/sdk.sh lint
