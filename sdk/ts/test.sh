#!/usr/bin/env bash
# Installs, builds and tests the package from a clean checkout. npm's registry must be reachable. SIGNET_BIN, a built server, has the tests
# against the real one run as well.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

npm ci --no-audit --no-fund
npm run build
npm test
npx publint --strict
