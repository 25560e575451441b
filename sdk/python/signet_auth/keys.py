"""The key set of Signet, and when it is fetched."""

from __future__ import annotations

import threading
from typing import Callable, Dict, Optional

from .clock import Clock
from .errors import TokenInvalid, Unavailable
from .jwks import MAX_DOCUMENT, Key, read_keys
from .log import Occasional
from .transport import Transport, TransportError

_EVERY = 300.0
_SERVES = 24 * 3600.0
_UNKNOWN_EVERY = 10.0
_PATIENCE = 2.0


class KeySet:
    """Keys by kid. refresh is called by a thread when due says so; find fetches for an unknown kid, once in 10 s for all callers."""

    def __init__(self, url: str, transport: Transport, clock: Clock, log: Occasional) -> None:
        self._url, self._transport, self._clock, self._log = url + "/.well-known/jwks.json", transport, clock, log
        self._condition = threading.Condition()
        self._keys: Dict[str, Key] = {}
        self._etag = ""
        self._fetched = 0.0  # when the set was last known to be right
        self._due = clock.monotonic()
        self._failures = 0
        self._fetching = False
        self._wanted = False  # since the fetch under way began
        self._fetches = 0
        self._asked_for_unknown: Optional[float] = None
        self._unknown: Dict[str, float] = {}
        self.problem = ""

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, kid: str) -> bool:
        return kid in self._keys

    def due(self) -> float:
        """In how many seconds the set is to be fetched again."""
        with self._condition:
            return max(0.0, self._due - self._clock.monotonic())

    def want(self) -> None:
        """Has the set fetched soon: something about keys changed."""
        with self._condition:
            self._due, self._wanted = self._clock.monotonic(), True

    def find(self, kid: str) -> Key:
        key = self._known(kid)
        if key is not None:
            return key
        if self._keys:
            if self._fetch(_PATIENCE, lambda: self._may_fetch_for(kid)):
                self._remember_unknown(kid)
        else:
            self._fetch(_PATIENCE, lambda: self._due <= self._clock.monotonic())
        key = self._known(kid)
        if key is not None:
            return key
        if not self._keys:
            raise Unavailable(f"the key set can't be had: {self.problem or 'it is being fetched'}", kid=kid)
        raise TokenInvalid("key_unknown", kid=kid)

    def refresh(self) -> None:
        self._fetch(3.0, lambda: True)

    def _known(self, kid: str) -> Optional[Key]:
        if self._keys and self._clock.monotonic() - self._fetched > _SERVES:
            raise Unavailable(f"the key set is older than a day: {self.problem}", kid=kid)
        return self._keys.get(kid)

    def _may_fetch_for(self, kid: str) -> bool:
        now = self._clock.monotonic()
        asked = self._asked_for_unknown
        if now < self._unknown.get(kid, now) or (asked is not None and now - asked < _UNKNOWN_EVERY):
            return False
        self._asked_for_unknown = now
        return True

    def _remember_unknown(self, kid: str) -> None:
        with self._condition:
            if kid not in self._keys:
                if len(self._unknown) >= 1000:
                    self._unknown.clear()  # strangers invent names, and the next fetch for one is seconds away in any case
                self._unknown[kid] = self._clock.monotonic() + _UNKNOWN_EVERY

    def _fetch(self, patience: float, may: Callable[[], bool]) -> bool:
        """Fetches the set if it may, or waits for the fetch that is under way. Tells whether it fetched."""
        with self._condition:
            if self._fetching:
                under_way = self._fetches
                self._clock.wait(self._condition, lambda: self._fetches != under_way, patience)
                return False
            if not may():
                return False
            self._fetching, self._wanted = True, False
        keys: Optional[Dict[str, Key]] = None
        problem = "the fetch was interrupted"
        try:
            keys = self._download(patience)
            problem = ""
        except (TransportError, ValueError) as e:
            problem = str(e)
        finally:
            with self._condition:
                self._settle(keys, problem)
                self._fetching = False
                self._fetches += 1
                self._condition.notify_all()
        if problem:
            self._log.warning("jwks", "the key set at %s can't be used: %s (settings url, issuer)", self._url, problem)
        return True

    def _download(self, timeout: float) -> Dict[str, Key]:
        """The keys, or none when they are what they were."""
        headers = {"Accept": "application/json"}
        if self._etag:
            headers["If-None-Match"] = self._etag
        answer = self._transport.call("GET", self._url, headers, None, timeout, MAX_DOCUMENT)
        if answer.status == 304 and self._etag:
            return {}
        if answer.status != 200:
            raise ValueError(f"status {answer.status}")
        keys = read_keys(answer.body)
        self._etag = answer.headers.get("etag", "")
        return keys

    def _settle(self, keys: Optional[Dict[str, Key]], problem: str) -> None:
        now = self._clock.monotonic()
        self.problem = problem
        if problem:
            self._failures += 1
            self._due = now + min(60.0, 2.0 ** (self._failures - 1)) * self._clock.chance(0.8, 1.2)
            return
        if keys:
            self._keys, self._unknown = keys, {}
        self._failures, self._fetched = 0, now
        self._due = now if self._wanted else now + _EVERY * self._clock.chance(0.9, 1.1)
