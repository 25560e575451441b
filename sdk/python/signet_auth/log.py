"""The log of this package, logger signet_auth. No token, secret or person's address is ever in it."""

from __future__ import annotations

import logging
import threading
from typing import Dict

from .clock import Clock

logger = logging.getLogger("signet_auth")
_EVERY = 60.0


class Occasional:
    """Lines that requests cause, at most one of a kind in a minute."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._next: Dict[str, float] = {}

    def warning(self, kind: str, text: str, *details: object) -> None:
        with self._lock:
            now = self._clock.monotonic()
            if now < self._next.get(kind, now):
                return
            self._next[kind] = now + _EVERY
        logger.warning(text, *details)
