"""What the stream says, and whether it can be relied on."""

from __future__ import annotations

import threading
from typing import Any, Callable, Mapping, Optional

from .clock import Clock
from .facts import Facts
from .log import logger

_TOLERATED = 30.0
_FIRST_WAIT = 1.0
SILENCE = 15.0


class Feed:
    """The state of the stream as verification sees it. The thread that reads the stream calls receive, ready and cut."""

    def __init__(self, facts: Facts, audience: str, clock: Clock, want_keys: Callable[[], None]) -> None:
        self._facts, self._audience, self._clock, self._want_keys = facts, audience, clock, want_keys
        self._condition = threading.Condition()
        self._began: Optional[float] = None
        self.is_ready = False
        self.was_ready = False
        self._cut_since: Optional[float] = None
        self._heard = 0.0
        self.cuts = 0
        self.refused = ""  # why Signet doesn't let this service listen
        self.problem = ""
        self._tried = False
        self._complained = False  # in the log, which therefore has to say when it is over

    def receive(self, name: str, data: Mapping[str, Any]) -> None:
        """Takes in one event, but bye, which is the end of the stream."""
        self._heard = self._clock.monotonic()
        if name == "hello":
            self._facts.hello(data.get("token_ttl"), data.get("cs"))
            self._recognize(data.get("service"))
        elif name == "ready":
            self._facts.tick(data.get("cs"))
            self.ready()
        elif name == "tick":
            self._facts.tick(data.get("cs"))
        elif "kind" in data:
            self._facts.add(data)
            if data["kind"] == "signing_key":
                self._want_keys()

    def ready(self) -> None:
        """All older facts have come."""
        with self._condition:
            if self.is_ready:
                return
            now = self._clock.monotonic()
            if self._complained:
                logger.warning("the stream of revocations is ready")
            self.is_ready, self.was_ready, self._tried = True, True, True
            self._cut_since, self._heard, self._complained = None, now, False
            self._condition.notify_all()
        self._want_keys()

    def cut(self, why: str, on_cut: str = "", quiet: bool = False) -> None:
        """The stream ended, or could not be opened."""
        with self._condition:
            if self.is_ready:
                self.is_ready, self._cut_since, self.cuts = False, self._clock.monotonic(), self.cuts + 1
            if not quiet and not self._complained:
                logger.warning("the stream of revocations is cut: %s. After 30 s, on_cut %s applies until it is ready", why, on_cut)
                self._complained = True
            self.problem, self._tried = why, True
            self._condition.notify_all()

    def relied_on(self) -> bool:
        """Tells whether what ended is known here. The first callers wait a second for it, unless it is known to have failed."""
        with self._condition:
            now = self._clock.monotonic()
            if self._began is None:
                self._began = now
            if not self._tried and now < self._began + _FIRST_WAIT:
                self._clock.wait(self._condition, lambda: self._tried, self._began + _FIRST_WAIT - now)
            return self.was_ready and self.cut_for() <= _TOLERATED

    def waits(self) -> bool:
        """Tells whether relied_on would wait."""
        return not self._tried and (self._began is None or self._clock.monotonic() < self._began + _FIRST_WAIT)

    def cut_for(self) -> float:
        """For how many seconds the stream has been away. One that is silent is, though its connection may stand."""
        now = self._clock.monotonic()
        if self.is_ready:
            return max(0.0, now - self._heard - SILENCE)
        return 0.0 if self._cut_since is None else now - self._cut_since

    def _recognize(self, service: Any) -> None:
        """Signet says at the beginning whose application token this is."""
        why = ""
        if isinstance(service, str) and service != self._audience:
            why = f"the application token is one of {service!r}, and the setting audience is {self._audience!r}: one of them is wrong"
        if why and why != self.refused:
            logger.error("%s", why)
        self.refused = why
