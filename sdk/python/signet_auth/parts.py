"""Everything of a verifier that holds locks, threads or memory. A forked process gets new ones."""

from __future__ import annotations

import threading
from typing import Optional

from .calls import Calls
from .checks import Checks
from .clock import Clock
from .facts import Facts
from .feed import Feed
from .follower import Follower
from .introspection import Introspection
from .keys import KeySet
from .log import Occasional, logger
from .settings import AppToken, Settings
from .transport import Transport
from .verification import Verification


class Parts:
    def __init__(self, settings: Settings, app_token: AppToken, transport: Transport, clock: Clock) -> None:
        log = Occasional(clock)
        calls = Calls(settings.url, transport, clock, log)
        self.facts = Facts(settings.audience, clock)
        self.keys = KeySet(settings.url, transport, clock, log)
        self.feed = Feed(self.facts, settings.audience, clock, self.keys.want)
        self.checks = Checks(calls, settings.audience, self.facts, clock)
        introspection: Optional[Introspection] = None
        self._follower: Optional[Follower] = None
        if app_token:
            introspection = Introspection(calls, app_token, self.facts, clock, log)
            self._follower = Follower(settings.url, settings.on_cut, app_token, transport, self.feed, clock)
        self.follows = introspection is not None
        self.verification = Verification(settings, self.keys, self.facts, self.feed, introspection, clock, log)
        self._issuer = settings.issuer
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self.begun = False

    @property
    def closed(self) -> bool:
        return self._closed.is_set()

    def begin(self) -> None:
        """Starts the threads, once."""
        with self._lock:
            if self.begun or self.closed:
                return
            threading.Thread(target=self._refresh_keys, name="signet-keys", daemon=True).start()
            if self._issuer.endswith("/"):
                text = "issuer ends with a slash, which counts: Signet's own ends with one only if its ISSUER does. It is %s"
                logger.warning(text, self._issuer)
            if self._follower is None:
                logger.warning("no application token is set: what ends, changes or is revoked counts when tokens expire")
            else:
                threading.Thread(target=self._follower.run, name="signet-stream", daemon=True).start()
            self.begun = True

    def close(self) -> None:
        self._closed.set()
        if self._follower is not None:
            self._follower.close()

    def abandon(self) -> None:
        if self._follower is not None:
            self._follower.abandon()

    def _refresh_keys(self) -> None:
        while not self.closed:
            try:
                if self.keys.due() == 0:
                    self.keys.refresh()
            except Exception:  # this thread outlives whatever is sent to it
                logger.exception("the key set can't be refreshed")
            self._closed.wait(min(1.0, self.keys.due()))
