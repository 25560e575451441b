"""Verifies access tokens of Signet.

    v = Verifier(issuer="https://auth.example.com", audience="billing", app_token=token)
    principal = v.verify(text)          # or await v.averify(text); raises TokenInvalid, Unavailable
    principal.allowed("invoice:read")   # or await principal.aallowed("invoice:read")

A request goes through verifier.py to verification.py: token.py reads the text, keys.py and jwks.py verify the signature, memory.py
remembers, facts.py knows what ended or changed since, introspection.py and checks.py ask Signet where that is not enough. parts.py has the
threads: follower.py reads the stream of revocations into feed.py. fastapi.py and flask.py are thin; testing.py is for unit tests.
"""

from .errors import Forbidden, NotReady, Refusal, SettingsError, StaleLogin, TokenInvalid, TokenMissing, TokenRefused, Unavailable, problem
from .principal import Principal
from .token_source import TokenSource
from .transport import Transport
from .verifier import State, Verifier

__version__ = "0.0.0"
__all__ = [
    "Forbidden",
    "NotReady",
    "Principal",
    "Refusal",
    "SettingsError",
    "StaleLogin",
    "State",
    "TokenInvalid",
    "TokenMissing",
    "TokenRefused",
    "TokenSource",
    "Transport",
    "Unavailable",
    "Verifier",
    "problem",
]
