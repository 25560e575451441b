"""Verifies access tokens, and follows what Signet says of those that were issued before."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Callable, List, Mapping, NamedTuple, Optional, Sequence

from .clock import Clock
from .errors import Forbidden, NotReady, Refusal, SettingsError, TokenMissing
from .fork import renew_after_fork
from .parts import Parts
from .permission import permission_name
from .principal import LEVELS, Principal
from .settings import AppToken, checked_settings, from_environment
from .token import bearer
from .transport import Transport

Hook = Callable[[Refusal], None]


class State(NamedTuple):
    """stream: off (no application token), starting, ready, cut or app_token_refused. cut_for: seconds. cs: the last fact's number."""

    stream: str
    cut_for: float
    cuts: int
    cs: int
    facts: int
    keys: int


class Verifier:
    """Verifies access tokens for one service. Making one calls nobody; threads begin at the first use, and again in a forked process.

    on_cut says what happens while Signet doesn't tell what ended: "allow" takes tokens as they are, "deny" answers 503. on_refusal is
    called with each refusal, whose reason is for logs and not for answers.
    """

    def __init__(
        self,
        issuer: Optional[str] = None,
        audience: Optional[str] = None,
        app_token: Optional[str] = None,
        *,
        app_token_file: Optional[str] = None,
        url: Optional[str] = None,
        on_cut: str = "allow",
        leeway: float = 30,
        allow_http: bool = False,
        transport: Optional[Transport] = None,
        on_refusal: Optional[Hook] = None,
        clock: Optional[Clock] = None,
    ) -> None:
        self._settings = checked_settings(issuer, url, audience, on_cut, leeway, allow_http)
        self._app_token = AppToken(app_token, app_token_file)
        self._transport, self._clock = transport or Transport(), clock or Clock()
        self._reported = _Reported(on_refusal)
        self._wired: List[str] = []
        self._parts = self._new_parts()
        renew_after_fork(self)

    @classmethod
    def from_env(cls, environment: Optional[Mapping[str, str]] = None, **settings: Any) -> Verifier:
        """A verifier by SIGNET_ISSUER, SIGNET_URL, SIGNET_AUDIENCE, SIGNET_APP_TOKEN and SIGNET_APP_TOKEN_FILE; settings go before."""
        return cls(**{**from_environment(environment), **settings})

    @property
    def issuer(self) -> str:
        return self._settings.issuer

    @property
    def audience(self) -> str:
        return self._settings.audience

    def verify(self, token: str) -> Principal:
        """The caller by an access token. Raises TokenInvalid, or Unavailable when nobody can tell."""
        with self._reported:
            return self._verify(token)

    async def averify(self, token: str) -> Principal:
        """verify, which keeps the event loop free: what is remembered is judged at once, the rest in a thread."""
        with self._reported:
            return await self._averify(token)

    def authorize(
        self,
        authorization: Sequence[str],
        permissions: Sequence[str] = (),
        optional: bool = False,
        acr: Optional[str] = None,
        max_age: Optional[int] = None,
    ) -> Optional[Principal]:
        """The caller by the values of a request's Authorization headers, if they have all permissions and, with acr or max_age, such
        a login (Principal.require_fresh; max_age alone: at any level). None: optional, and no token."""
        with self._reported:
            token = _presented(authorization, optional)
            if token is None:
                return None
            principal = self._verify(token)
            for name in permissions:
                known = self.known_permission(principal, name)
                _need(principal, name, self.ask_permission(principal, name) if known is None else known)
            _need_fresh(principal, acr, max_age)
            return principal

    async def aauthorize(
        self,
        authorization: Sequence[str],
        permissions: Sequence[str] = (),
        optional: bool = False,
        acr: Optional[str] = None,
        max_age: Optional[int] = None,
    ) -> Optional[Principal]:
        """authorize, which keeps the event loop free."""
        with self._reported:
            token = _presented(authorization, optional)
            if token is None:
                return None
            principal = await self._averify(token)
            for name in permissions:
                known = self.known_permission(principal, name)
                _need(principal, name, await asyncio.to_thread(self.ask_permission, principal, name) if known is None else known)
            _need_fresh(principal, acr, max_age)
            return principal

    def now(self) -> float:
        return self._clock.now()

    def wire(self, permissions: Sequence[str], acr: Optional[str] = None) -> List[str]:
        """The short names of permissions that the program goes by. A malformed one is a SettingsError here, not a refusal later; so is a level
        that does not exist."""
        if acr is not None and acr not in LEVELS:
            raise SettingsError(f"acr is {acr!r}: say aal1, aal2 or phr")
        names = [permission_name(name, self.audience) for name in permissions]
        self._wired += [name for name in dict.fromkeys(names) if name not in self._wired]
        return names

    def ready(self, timeout: float = 10.0) -> None:
        """Waits until there are keys and all facts; NotReady says what is missing. For the start, before requests are served."""
        parts = self._begun()
        until = time.monotonic() + timeout
        while not len(parts.keys) or (parts.follows and (parts.feed.refused or not parts.feed.is_ready)):
            if parts.feed.refused or time.monotonic() >= until:
                raise NotReady(self._lacking(parts))
            time.sleep(0.02)

    def state(self) -> State:
        """How things are, for a gauge."""
        parts, feed = self._parts, self._parts.feed
        if not parts.follows:
            stream = "off"
        elif feed.refused:
            stream = "app_token_refused"
        else:
            stream = "ready" if feed.is_ready else "cut" if feed.was_ready else "starting"
        return State(stream, feed.cut_for(), feed.cuts, parts.facts.cs, len(parts.facts), len(parts.keys))

    def close(self) -> None:
        """Ends the threads. A program that ends need not call it."""
        self._parts.close()

    def __enter__(self) -> Verifier:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What follows is for the other modules of this package.

    def after_fork(self) -> None:
        old, self._parts = self._parts, self._new_parts()
        old.abandon()

    def listens(self) -> bool:
        return self._parts.begun and self._parts.follows and not self._parts.closed

    def known_permission(self, principal: Principal, permission: str) -> Optional[bool]:
        """Whether the caller has a permission, or None when Signet has to be asked."""
        name = permission_name(permission, self.audience)
        if name in principal.permissions:
            return True
        if not principal.by_reference:
            return False
        return self._parts.checks.remembered(principal.record, name, self._parts.feed.is_ready)

    def ask_permission(self, principal: Principal, permission: str) -> bool:
        return self._parts.checks.ask(principal.record, permission_name(permission, self.audience), self._wired)

    def _verify(self, token: str) -> Principal:
        return Principal(self, *self._begun().verification.verify(token))

    async def _averify(self, token: str) -> Principal:
        known = self._begun().verification.known(token)
        return Principal(self, *known) if known is not None else await asyncio.to_thread(self._verify, token)

    def _new_parts(self) -> Parts:
        return Parts(self._settings, self._app_token, self._transport, self._clock)

    def _begun(self) -> Parts:
        parts = self._parts
        if not parts.begun:
            parts.begin()
        return parts

    def _lacking(self, parts: Parts) -> str:
        if parts.feed.refused:
            return f"Signet refuses the stream of revocations: {parts.feed.refused}"
        url = self._settings.url
        if not len(parts.keys):
            return f"no key set from {url} (settings url, issuer): {parts.keys.problem or 'no answer yet'}"
        return f"the stream of revocations at {url} is not ready (setting url): {parts.feed.problem or 'no answer yet'}"


class _Reported:
    """Calls the hook with a refusal that passes."""

    def __init__(self, hook: Optional[Hook]) -> None:
        self._hook = hook

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, refusal: object, trace: object) -> None:
        if self._hook is not None and isinstance(refusal, Refusal):
            self._hook(refusal)


def _presented(authorization: Sequence[str], optional: bool) -> Optional[str]:
    try:
        return bearer(authorization)
    except TokenMissing:
        if optional:
            return None
        raise


def _need_fresh(principal: Principal, acr: Optional[str], max_age: Optional[int]) -> None:
    if acr is not None or max_age is not None:
        principal.require_fresh(LEVELS[0] if acr is None else acr, max_age)


def _need(principal: Principal, permission: str, allowed: bool) -> None:
    if not allowed:
        raise Forbidden(permission, principal.sub, principal.record.token.kid)
