"""Why a request is not served, and what a caller is told of it.

The reason of a refusal goes to logs and hooks. The answer never has it: to a stranger, expired and forged are one thing.
"""

from __future__ import annotations

import json
from typing import Dict, Optional, Tuple


class SettingsError(ValueError):
    """A setting is missing or wrong; the text says which one and what was seen."""


class NotReady(RuntimeError):
    """ready() waited in vain; the text says for what, and which setting to look at."""


class TokenRefused(RuntimeError):
    """Signet gives a token source no token, and will not as long as settings and grants are what they are."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(f"Signet gives no token: {code}: {description}")
        self.code = code


class Refusal(Exception):
    """A request is not served. Raised as one of the classes below."""

    status = 401
    code = ""
    title = ""
    detail = ""
    reason = ""
    sub = ""
    kid = ""

    def headers(self, realm: str) -> Dict[str, str]:
        return {}


class TokenMissing(Refusal):
    """There is no access token in the request."""

    code, title, detail, reason = "token_missing", "Unauthorized", "An access token is needed.", "missing"

    def headers(self, realm: str) -> Dict[str, str]:
        return {"WWW-Authenticate": f'Bearer realm="{realm}"'}  # RFC 6750 section 3: no error without a token


class TokenInvalid(Refusal):
    """The access token is not valid here; reason says why, sub and kid whose it is where that was proved or read."""

    code, title, detail = "token_invalid", "Unauthorized", "The access token is not valid here."

    def __init__(self, reason: str, sub: str = "", kid: str = "") -> None:
        super().__init__(f"the access token is not valid here: {reason}")
        self.reason, self.sub, self.kid = reason, sub, kid

    def headers(self, realm: str) -> Dict[str, str]:
        return {"WWW-Authenticate": f'Bearer realm="{realm}", error="invalid_token"'}


class Forbidden(Refusal):
    """The token is valid and lacks a permission."""

    status, code, title, reason = 403, "forbidden", "Forbidden", "forbidden"

    def __init__(self, permission: str, sub: str = "", kid: str = "") -> None:
        super().__init__(f"{permission} is needed")
        self.permission, self.sub, self.kid = permission, sub, kid
        self.detail = f"The permission {permission} is needed."

    def headers(self, realm: str) -> Dict[str, str]:
        return {"WWW-Authenticate": f'Bearer realm="{realm}", error="insufficient_scope", scope="{self.permission}"'}


class StaleLogin(Refusal):
    """The token is valid, and its login is too weak or too long ago. The front end asks for a step-up at Signet (RFC 9470)."""

    code, title, detail, reason = "reauth_required", "Unauthorized", "A fresh or stronger login is needed.", "reauth_required"

    def __init__(self, acr: str, max_age: Optional[int], sub: str = "", kid: str = "") -> None:
        super().__init__(f"a login at {acr} is needed" + ("" if max_age is None else f" of at most {max_age} s ago"))
        self.acr, self.max_age, self.sub, self.kid = acr, max_age, sub, kid

    def headers(self, realm: str) -> Dict[str, str]:
        age = "" if self.max_age is None else f", max_age={self.max_age}"
        return {"WWW-Authenticate": f'Bearer realm="{realm}", error="insufficient_user_authentication", acr_values="{self.acr}"{age}'}


class Unavailable(Refusal):
    """Nobody can tell now whether the token is valid, because Signet can't be asked; reason says what failed."""

    status, code, title, detail = 503, "unavailable", "Service Unavailable", "Try again in a moment."

    def __init__(self, reason: str, retry_after: int = 1, sub: str = "", kid: str = "") -> None:
        super().__init__(reason)
        self.reason, self.retry_after, self.sub, self.kid = reason, retry_after, sub, kid

    def headers(self, realm: str) -> Dict[str, str]:
        return {"Retry-After": str(self.retry_after)}


def problem(refusal: Refusal, realm: str, request_id: Optional[str] = None) -> Tuple[int, Dict[str, str], bytes]:
    """The answer to a refusal as RFC 9457 and Signet's own contract have it: status, headers, body."""
    body = {
        "type": "about:blank",
        "title": refusal.title,
        "status": refusal.status,
        "detail": refusal.detail,
        "code": refusal.code,
        "success": False,
        "message": refusal.detail,
    }
    if request_id:
        body["request_id"] = request_id
    headers = {"Content-Type": "application/problem+json", "Cache-Control": "no-store", **refusal.headers(realm)}
    return refusal.status, headers, json.dumps(body).encode()
