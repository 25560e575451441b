"""FastAPI: who: Principal = Depends(require(v, "invoice:read")).

A refused request raises Refused, whose answer is problem+json. @app.exception_handler(Refused) replaces it.
"""

from __future__ import annotations

from typing import Any, Awaitable, Callable, Optional, Sequence

from fastapi import FastAPI, HTTPException, Request, Response
from starlette.middleware.exceptions import ExceptionMiddleware

from .errors import Refusal, problem
from .principal import Principal
from .verifier import Verifier


class Refused(HTTPException):
    """A request that is not served. refusal says why, for a log; the answer doesn't."""

    def __init__(self, refusal: Refusal, realm: str) -> None:
        status, headers, self.body = problem(refusal, realm)
        super().__init__(status, refusal.detail, headers)
        self.refusal = refusal


def require(
    verifier: Verifier, *permissions: str, acr: Optional[str] = None, max_age: Optional[int] = None
) -> Callable[[Request], Awaitable[Principal]]:
    """The caller, with a valid token and all the permissions; with acr or max_age, of such a login (Principal.require_fresh; max_age alone:
    at any level)."""
    names = verifier.wire(permissions, acr)

    async def principal(request: Request) -> Any:
        return await _authorize(verifier, request, names, False, acr, max_age)

    return principal


def optional(verifier: Verifier) -> Callable[[Request], Awaitable[Optional[Principal]]]:
    """The caller, or None without a token. A bad token is refused."""

    async def principal(request: Request) -> Optional[Principal]:
        return await _authorize(verifier, request, (), True)

    return principal


async def _authorize(
    verifier: Verifier, request: Request, names: Sequence[str], optional: bool, acr: Optional[str] = None, max_age: Optional[int] = None
) -> Optional[Principal]:
    try:
        return await verifier.aauthorize(request.headers.getlist("authorization"), names, optional, acr, max_age)
    except Refusal as e:
        _handle_refused(request.app)
        raise Refused(e, verifier.audience) from None


def _handle_refused(app: FastAPI) -> None:
    """Has the application answer with problem+json. A dependency meets the application at a request, when its list of handlers is closed:
    the middleware that has the list takes more. Where it isn't found, FastAPI's own answer has the right status and headers."""
    layer: Any = app.middleware_stack
    while layer is not None and not isinstance(layer, ExceptionMiddleware):
        layer = getattr(layer, "app", None)
    if layer is not None and Refused not in app.exception_handlers:
        layer.add_exception_handler(Refused, _answer)


def _answer(_: Request, refused: Any) -> Response:
    return Response(refused.body, refused.status_code, refused.headers)
