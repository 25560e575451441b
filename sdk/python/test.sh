#!/bin/sh
# Tests the Python package from a clean checkout, without a network, and leaves nothing behind. With SIGNET_BIN it is tried against that
# Signet, too. PYTHON names another Python than the system's.
set -eu
cd "$(dirname "$0")"
python=${PYTHON:-/usr/bin/python3}
export PYTHONDONTWRITEBYTECODE=1
if ! "$python" -c 'import jwt, cryptography, fastapi, flask, httpx, uvicorn, setuptools, wheel, gunicorn'; then
  echo 'missing: apt-get install python3-jwt python3-cryptography python3-fastapi python3-flask python3-httpx python3-uvicorn python3-setuptools python3-wheel gunicorn' >&2
  exit 1
fi
if "$python" -c 'import mypy' 2>/dev/null; then
  "$python" -m mypy --cache-dir=/dev/null signet_auth
fi
"$python" -W error::ResourceWarning -m unittest discover -t . -s tests
"$python" -m tests.benchmark
