"""Public keys and the document that lists them (RFC 7517)."""

from __future__ import annotations

import json
from typing import Any, Dict, Tuple

import jwt
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

MAX_DOCUMENT = 256 * 1024
MAX_KEYS = 32
_PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")
# By algorithm: what a key of it has to say, and what reads it. Whatever else a document has is not understood, and skipped.
_UNDERSTOOD: Dict[str, Tuple[Dict[str, str], Any]] = {
    "ES256": ({"kty": "EC", "crv": "P-256"}, ECAlgorithm),
    "EdDSA": ({"kty": "OKP", "crv": "Ed25519"}, OKPAlgorithm),
    "RS256": ({"kty": "RSA"}, RSAAlgorithm),
}


class Key:
    """A public key, which verifies signatures of its own algorithm only."""

    def __init__(self, alg: str, public: Any) -> None:
        self.alg, self._public = alg, public
        self._jws = jwt.PyJWS(algorithms=[alg])

    def signed(self, token: str) -> bool:
        try:
            self._jws.decode_complete(token, self._public, algorithms=[self.alg])
        except (jwt.PyJWTError, ValueError):
            return False
        return True


def read_keys(document: bytes) -> Dict[str, Key]:
    """The keys by kid. A document that can't be read, or lists no key or too many, is a ValueError."""
    try:
        entries = json.loads(document.decode("utf-8"))["keys"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ValueError("it is no key set") from None
    if not isinstance(entries, list) or len(entries) > MAX_KEYS:
        raise ValueError(f"it does not list up to {MAX_KEYS} keys")
    keys: Dict[str, Key] = {}
    for entry in entries:
        key = _read_key(entry)
        if key is not None:
            keys.setdefault(entry["kid"], key)
    if not keys:
        raise ValueError("it lists no key that can be used")
    return keys


def _read_key(entry: Any) -> Any:
    if not isinstance(entry, dict) or any(name in entry for name in _PRIVATE):
        return None
    kid, alg = entry.get("kid"), entry.get("alg")
    if not isinstance(kid, str) or not kid or not isinstance(alg, str) or alg not in _UNDERSTOOD or entry.get("use", "sig") != "sig":
        return None
    members, algorithm = _UNDERSTOOD[alg]
    if any(entry.get(name) != value for name, value in members.items()):
        return None
    try:
        public = algorithm.from_jwk(json.dumps(entry))
    except Exception:  # libraries differ in what they raise at numbers that are no key
        return None
    if alg == "RS256" and not 2048 <= public.key_size <= 8192:
        return None
    return Key(alg, public)
