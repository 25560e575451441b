"""The text of an access token: what can be told of it before any cryptography, and what its claims must be.

PyJWT verifies signatures only. It is lenient in what it decodes and in what it compares (CVE-2024-53861, CVE-2026-32597), so text, header
and claims are checked here.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from types import MappingProxyType
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from .errors import TokenInvalid, TokenMissing

MAX_TOKEN = 8192
ALGORITHMS = ("ES256", "RS256", "EdDSA")
_END_OF_9999 = 253402300799
_BEARER = re.compile(r"bearer ([^\s,]+)", re.IGNORECASE | re.ASCII)


class Token:
    """An access token whose claims were checked."""

    __slots__ = ("text", "kid", "claims", "sub", "sid", "key", "cs", "exp", "life", "permissions", "roles", "perm_ref")

    def __init__(self, text: str, kid: str, claims: Dict[str, Any]) -> None:
        self.text = text
        self.kid = kid
        self.claims: Mapping[str, Any] = MappingProxyType(claims)
        self.sub: str = claims["sub"]
        self.sid: str = claims.get("sid", "")
        self.key: str = claims.get("key", "")
        self.cs: Optional[int] = claims.get("cs")
        self.exp: int = claims["exp"]
        self.life: int = claims["exp"] - claims["iat"]
        self.permissions: Tuple[str, ...] = tuple(claims.get("permissions", ()))
        self.roles: Tuple[str, ...] = tuple(claims.get("roles", ()))
        self.perm_ref: bool = claims.get("perm_ref", False)


class Unverified:
    """A token whose text is in order and whose signature nobody looked at yet."""

    __slots__ = ("text", "kid", "alg", "_claims")

    def __init__(self, text: str, kid: str, alg: str, claims: Dict[str, Any]) -> None:
        self.text, self.kid, self.alg, self._claims = text, kid, alg, claims

    def check(self, issuer: str, audience: str, leeway: float, now: float) -> Token:
        """Checks the claims, once the signature is known to be good."""
        claims = self._claims
        reason = _fault(claims, issuer, audience, leeway, now)
        if reason:
            sub = claims.get("sub")
            raise TokenInvalid(reason, sub if isinstance(sub, str) else "", self.kid)
        return Token(self.text, self.kid, claims)

    def seen(self, claim: str) -> str:
        """A claim as a log may show it."""
        return repr(self._claims.get(claim))[:100]


def bearer(authorization: Sequence[str]) -> str:
    """The token of a request's Authorization headers. Another scheme, two headers or two tokens are no token."""
    match = _BEARER.fullmatch(authorization[0]) if len(authorization) == 1 else None
    if match is None:
        raise TokenMissing()
    return match.group(1)


def read(text: str) -> Unverified:
    """Takes a token apart. The length comes first and nothing is cut before dots are counted, so that nonsense costs nothing."""
    if not isinstance(text, str) or len(text) > MAX_TOKEN or text.count(".") != 2:
        raise TokenInvalid("malformed")
    head, claims, signature = text.split(".")
    _decode(signature)
    header = _object(_decode(head))
    payload = _object(_decode(claims))
    kid = header.get("kid")
    if not isinstance(kid, str) or not 1 <= len(kid.encode("utf-8", "replace")) <= 128:
        raise TokenInvalid("malformed")
    alg = header.get("alg")
    if not isinstance(alg, str) or alg not in ALGORITHMS:
        raise TokenInvalid("algorithm", kid=kid)
    if header.get("typ") != "at+jwt":  # RFC 9068 section 4: an ID token is none
        raise TokenInvalid("type", kid=kid)
    if any(name in header for name in ("crit", "b64", "enc", "zip")):
        raise TokenInvalid("critical", kid=kid)
    return Unverified(text, kid, alg, payload)


def _decode(part: str) -> bytes:
    """Reads canonical base64url: with padding, line ends or spare bits one signature would have many spellings."""
    try:
        data = base64.b64decode(part.encode("ascii") + b"=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise TokenInvalid("malformed") from None
    if base64.urlsafe_b64encode(data).rstrip(b"=") != part.encode("ascii"):
        raise TokenInvalid("malformed")
    return data


def _object(data: bytes) -> Dict[str, Any]:
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_members, parse_constant=_no_json)
    except (ValueError, RecursionError):
        raise TokenInvalid("malformed") from None
    if not isinstance(value, dict):
        raise TokenInvalid("malformed")
    return value


def _members(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    """A member that is there twice is refused: readers differ in which of the two counts."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member twice")
    return members


def _no_json(constant: str) -> None:
    raise ValueError(constant)


def _fault(claims: Dict[str, Any], issuer: str, audience: str, leeway: float, now: float) -> str:
    """The first fault of the claims, or nothing."""
    if claims.get("iss") != issuer:
        return "issuer"
    if claims.get("aud") not in (audience, [audience]):
        return "audience"
    if not _typed(claims):
        return "claims"
    if now - leeway >= claims["exp"]:
        return "expired"
    if max(claims["nbf"], claims["iat"]) > now + leeway:
        return "not_yet_valid"
    if "cnf" in claims:  # a bound token that comes as bearer is a stolen one
        return "token_bound"
    return ""


def _typed(claims: Dict[str, Any]) -> bool:
    """Tells whether all claims that anything here goes by are there and of their type."""
    return (
        all(isinstance(claims.get(name), str) and claims[name] for name in ("sub", "jti", "client_id"))
        and all(_integer(claims.get(name)) for name in ("exp", "iat", "nbf"))
        and claims["exp"] <= _END_OF_9999
        and all(isinstance(claims.get(name, ""), str) for name in ("sid", "key", "kind"))
        and all(_texts(claims.get(name, [])) for name in ("permissions", "roles"))
        and isinstance(claims.get("perm_ref", False), bool)
        and _integer(claims.get("cs", 0))
        and 0 <= claims.get("cs", 0) <= 2**53
    )


def _integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
