"""Flask: @require(v, "invoice:read") before a view, and current() in it.

A refused request raises Refused, whose answer is problem+json. @app.errorhandler(Refused) replaces it.
"""

from __future__ import annotations

from functools import wraps
from typing import Any, Callable, Optional, TypeVar, cast

from flask import Response, current_app, g, request
from werkzeug.exceptions import HTTPException

from .errors import Refusal, problem
from .principal import Principal
from .verifier import Verifier

View = TypeVar("View", bound=Callable[..., Any])


class Refused(HTTPException):
    """A request that is not served. refusal says why, for a log; the answer doesn't."""

    def __init__(self, refusal: Refusal, realm: str) -> None:
        self.refusal = refusal
        self.code, headers, body = problem(refusal, realm)
        super().__init__(refusal.detail, Response(body, self.code, headers))


def require(verifier: Verifier, *permissions: str, acr: Optional[str] = None, max_age: Optional[int] = None) -> Callable[[View], View]:
    """Lets callers with a valid token and all the permissions through; with acr or max_age, those of such a login (Principal.require_fresh;
    max_age alone: at any level)."""
    return _guard(verifier, permissions, False, acr, max_age)


def optional(verifier: Verifier) -> Callable[[View], View]:
    """Lets callers without a token through, too. A bad token is refused."""
    return _guard(verifier, (), True)


def current() -> Principal:
    """The caller of this request, in a view behind require."""
    principal = current_or_none()
    if principal is None:
        raise RuntimeError("current() is for views behind require, or optional where a token came")
    return principal


def current_or_none() -> Optional[Principal]:
    """The caller of this request, in a view behind optional."""
    return cast(Optional[Principal], g.get("signet_principal"))


def _guard(
    verifier: Verifier, permissions: Any, optional: bool, acr: Optional[str] = None, max_age: Optional[int] = None
) -> Callable[[View], View]:
    names = verifier.wire(permissions, acr)

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            try:
                g.signet_principal = verifier.authorize(request.headers.getlist("Authorization"), names, optional, acr, max_age)
            except Refusal as e:
                raise Refused(e, verifier.audience) from None
            return current_app.ensure_sync(view)(*args, **kwargs)

        return cast(View, guarded)

    return guard
