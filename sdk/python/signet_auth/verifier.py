"""Verifies access tokens, and follows what Signet says of those that were issued before."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Callable, List, Mapping, NamedTuple, Optional, Sequence

from .clock import Clock
from .errors import Forbidden, NotReady, Refusal, SettingsError, TokenInvalid, TokenMissing, Unavailable
from .facts import Judgement
from .fork import renew_after_fork
from .memory import Answered, Record, digest
from .parts import Parts
from .permission import permission_name
from .principal import Principal
from .settings import AppToken, checked_audience, checked_leeway, checked_url, from_environment
from .token import bearer, read
from .transport import Transport

_RETRY_OPEN_FACT = 5.0


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

    on_cut says what happens while Signet doesn't tell what ended: "allow" takes tokens as they are, "deny" answers 503. on_refusal is called
    with each refusal, whose reason is for logs and not for answers.
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
        on_refusal: Optional[Callable[[Refusal], None]] = None,
        clock: Optional[Clock] = None,
    ) -> None:
        self.issuer = checked_url("issuer", issuer, allow_http)
        self.audience = checked_audience("audience", audience)
        if on_cut not in ("allow", "deny"):
            raise SettingsError(f"on_cut {on_cut!r} is neither allow nor deny")
        self._url = checked_url("url", url or issuer, allow_http).rstrip("/")
        self._leeway = checked_leeway(leeway)
        self._on_cut, self._on_refusal = on_cut, on_refusal
        self._app_token = AppToken(app_token, app_token_file)
        self._transport, self._clock = transport or Transport(), clock or Clock()
        self._wired: List[str] = []
        self._parts = self._new_parts()
        renew_after_fork(self)

    @classmethod
    def from_env(cls, environment: Optional[Mapping[str, str]] = None, **settings: Any) -> Verifier:
        """A verifier by SIGNET_ISSUER, SIGNET_URL, SIGNET_AUDIENCE, SIGNET_APP_TOKEN and SIGNET_APP_TOKEN_FILE; settings go before them."""
        return cls(**{**from_environment(environment), **settings})

    def verify(self, token: str) -> Principal:
        """The caller by an access token. Raises TokenInvalid, or Unavailable when nobody can tell."""
        try:
            return self._verify(token)
        except Refusal as e:
            self._report(e)
            raise

    async def averify(self, token: str) -> Principal:
        """verify, which keeps the event loop free: what is remembered is judged at once, the rest in a thread."""
        try:
            known = self._known(token)
        except Refusal as e:
            self._report(e)
            raise
        return known if known is not None else await asyncio.to_thread(self.verify, token)

    def authorize(self, authorization: Sequence[str], permissions: Sequence[str] = (), optional: bool = False) -> Optional[Principal]:
        """The caller by the values of a request's Authorization headers, if they have all permissions. None: optional, and no token."""
        token = self._presented(authorization, optional)
        if token is None:
            return None
        principal = self.verify(token)
        for permission in permissions:
            try:
                self._need(principal, permission, principal.allowed(permission))
            except Refusal as e:
                self._report(e)
                raise
        return principal

    async def aauthorize(
        self, authorization: Sequence[str], permissions: Sequence[str] = (), optional: bool = False
    ) -> Optional[Principal]:
        """authorize, which keeps the event loop free."""
        token = self._presented(authorization, optional)
        if token is None:
            return None
        principal = await self.averify(token)
        for permission in permissions:
            try:
                self._need(principal, permission, await principal.aallowed(permission))
            except Refusal as e:
                self._report(e)
                raise
        return principal

    def wire(self, permissions: Sequence[str]) -> List[str]:
        """The short names of permissions that the program goes by. A malformed one is a SettingsError here, not a refusal later."""
        names = [permission_name(name, self.audience) for name in permissions]
        self._wired += [name for name in dict.fromkeys(names) if name not in self._wired]
        return names

    def ready(self, timeout: float = 10.0) -> None:
        """Waits until there are keys and all facts; NotReady says what is missing. For the start, before requests are served."""
        parts = self._begin()
        until = time.monotonic() + timeout
        while True:
            refused = parts.feed.refused
            if len(parts.keys) and not refused and (parts.introspection is None or parts.feed.is_ready):
                return
            if refused or time.monotonic() >= until:
                raise NotReady(self._lacking(parts))
            time.sleep(0.02)

    def state(self) -> State:
        """How things are, for a gauge."""
        parts = self._parts
        feed = parts.feed
        if parts.introspection is None:
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

    def after_fork(self) -> None:
        old, self._parts = self._parts, self._new_parts()
        old.abandon()

    # What follows is for the other modules of this package.

    def known_permission(self, principal: Principal, permission: str) -> Optional[bool]:
        """Whether the caller has a permission, or None when Signet has to be asked."""
        name = permission_name(permission, self.audience)
        if name in principal.permissions:
            return True
        answered = principal._answered
        if not principal._record.token.perm_ref or (answered is not None and answered.permissions is not None):
            return False
        return self._parts.checks.remembered(principal._record, name, self._parts.feed.is_ready)

    def ask_permission(self, principal: Principal, permission: str) -> bool:
        return self._parts.checks.ask(principal._record, permission_name(permission, self.audience), self._wired)

    def _new_parts(self) -> Parts:
        return Parts(self._url, self.audience, self._on_cut, self._app_token, self._transport, self._clock)

    def _begin(self) -> Parts:
        parts = self._parts
        if not parts.begun:
            parts.begin()
        return parts

    def _verify(self, token: str) -> Principal:
        parts = self._begin()
        record = parts.memory.get(digest(token), self._clock.now()) or self._first(parts, token)
        relied_on = parts.introspection is None or parts.feed.relied_on()
        for _ in range(3):  # while it is asked about, a further fact may come
            answered = self._answered(record)
            judgement = parts.facts.judge(record.token, answered)
            if not judgement.ask or parts.introspection is None:
                return self._judged(record, answered, judgement, relied_on)
            failure = parts.introspection.ask(record, judgement.after, judgement.seen)
            if failure is not None:
                if judgement.personal or self._on_cut == "deny":
                    raise failure.unavailable(record)
                self._keep_for_now(record, answered, judgement)
        raise Unavailable("facts about the token come faster than answers", 1, record.token.sub, record.token.kid)

    def _known(self, token: str) -> Optional[Principal]:
        """The caller, if that takes no waiting."""
        parts = self._begin()
        record = parts.memory.get(digest(token), self._clock.now())
        if record is None or (parts.introspection is not None and parts.feed.waits()):
            return None
        answered = self._answered(record)
        judgement = parts.facts.judge(record.token, answered)
        if judgement.ask and parts.introspection is not None:
            return None
        return self._judged(record, answered, judgement, parts.introspection is None or parts.feed.relied_on())

    def _first(self, parts: Parts, text: str) -> Record:
        """Verifies a token that is not remembered."""
        unverified = read(text)
        key = parts.keys.find(unverified.kid)
        if key.alg != unverified.alg:
            raise TokenInvalid("algorithm", kid=unverified.kid)
        if not key.signed(text):
            raise TokenInvalid("signature", kid=unverified.kid)
        try:
            token = unverified.check(self.issuer, self.audience, self._leeway, self._clock.now())
        except TokenInvalid as e:
            if e.reason == "issuer":
                parts.log.warning(
                    "issuer", "a token of Signet names issuer %s, the setting issuer is %r", unverified.seen("iss"), self.issuer
                )
            elif e.reason == "audience":
                parts.log.warning(
                    "audience", "a token for %s was sent here, the setting audience is %r", unverified.seen("aud"), self.audience
                )
            raise
        return parts.memory.put(Record(token, digest(text)))

    def _answered(self, record: Record) -> Optional[Answered]:
        answered = record.answered
        return answered if answered is not None and self._clock.now() < answered.until else None

    def _judged(self, record: Record, answered: Optional[Answered], judgement: Judgement, relied_on: bool) -> Principal:
        token = record.token
        if judgement.refuse:
            raise TokenInvalid(judgement.refuse, token.sub, token.kid)
        if answered is not None and not answered.active:
            raise TokenInvalid("inactive", token.sub, token.kid)
        if not relied_on and self._on_cut == "deny":
            raise Unavailable("the stream of revocations is cut, and on_cut is deny", 1, token.sub, token.kid)
        return Principal(self, record, answered)

    def _keep_for_now(self, record: Record, answered: Optional[Answered], judgement: Judgement) -> None:
        """Signet can't be asked about a fact that is not about this caller: what was known counts for 5 s more."""
        known = answered or Answered(True, None, None, 0, 0, 0)
        until = self._clock.now() + _RETRY_OPEN_FACT
        record.answered = Answered(known.active, known.permissions, known.roles, judgement.after, judgement.seen, until)

    def _presented(self, authorization: Sequence[str], optional: bool) -> Optional[str]:
        try:
            return bearer(authorization)
        except TokenMissing as e:
            if optional:
                return None
            self._report(e)
            raise

    def _need(self, principal: Principal, permission: str, allowed: bool) -> None:
        if not allowed:
            raise Forbidden(permission_name(permission, self.audience), principal.sub, principal._record.token.kid)

    def _report(self, refusal: Refusal) -> None:
        if self._on_refusal is not None:
            self._on_refusal(refusal)

    def _lacking(self, parts: Parts) -> str:
        if parts.feed.refused:
            return f"Signet refuses the stream of revocations: {parts.feed.refused}"
        if not len(parts.keys):
            return f"no key set from {self._url} (settings url, issuer): {parts.keys.problem or 'no answer yet'}"
        return f"the stream of revocations at {self._url} is not ready (setting url): {parts.feed.problem or 'no answer yet'}"
