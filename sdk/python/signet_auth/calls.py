"""Calls that ask Signet something: how often, how long, and when not."""

from __future__ import annotations

import calendar
import re
import threading
from datetime import datetime
from typing import Dict, Mapping, NamedTuple, Optional, Sequence, Union

from .clock import Clock
from .errors import Unavailable
from .log import Occasional
from .memory import Record
from .transport import Answer, Transport, TransportError

WITHIN = 2.0
_AT_ONCE = 32
_BREAKER = 5
_BREAKER_OPEN = 10.0
_MAX_ANSWER = 1024 * 1024
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|([+-])(\d\d):(\d\d))")


class Failure(NamedTuple):
    """Signet could not be asked."""

    why: str
    retry_after: int = 1

    def unavailable(self, record: Record) -> Unavailable:
        return Unavailable(self.why, self.retry_after, record.token.sub, record.token.kid)


class Calls:
    """Questions to Signet: 2 s each, 32 at once, and none for 10 s after 5 that failed in a row."""

    def __init__(self, url: str, transport: Transport, clock: Clock, log: Occasional) -> None:
        self._url, self._transport, self._clock, self._log = url, transport, clock, log
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(_AT_ONCE)
        self._failed_in_a_row = 0
        self._closed_until: Optional[float] = None

    def post(self, path: str, headers: Mapping[str, str], body: bytes, expected: Sequence[int]) -> Union[Answer, Failure]:
        """The answer of Signet, unless that is 429 or 5xx. Other statuses than those expected count as failures, too."""
        if self._resting():
            return Failure("Signet could not be asked 5 times in a row, and is left alone for 10 s")
        if not self._places.acquire(timeout=WITHIN):
            return Failure(f"{_AT_ONCE} questions to Signet are under way")
        try:
            result = self._try_twice(path, headers, body)
        finally:
            self._places.release()
        self._count(result, expected)
        return result

    def _try_twice(self, path: str, headers: Mapping[str, str], body: bytes) -> Union[Answer, Failure]:
        """One replica may be without its database while the others are well, so a second connection is tried."""
        deadline = self._clock.monotonic() + WITHIN
        failure = Failure("Signet did not answer in time")
        for _ in range(2):
            left = deadline - self._clock.monotonic()
            if left <= 0:
                break
            try:
                answer = self._transport.call("POST", self._url + path, headers, body, left, _MAX_ANSWER)
            except TransportError as e:
                failure = Failure(f"Signet can't be asked: {e}")
                if not e.again:
                    break
                continue
            if answer.status != 429 and answer.status < 500:
                return answer
            failure = Failure(f"Signet answers {answer.status} at {path}", max(1, answer.retry_after() or 1))
            if answer.status != 503:
                break
        return failure

    def _resting(self) -> bool:
        with self._lock:
            return self._closed_until is not None and self._clock.monotonic() < self._closed_until

    def _count(self, result: Union[Answer, Failure], expected: Sequence[int]) -> None:
        with self._lock:
            if isinstance(result, Answer) and result.status in expected:
                self._failed_in_a_row, self._closed_until = 0, None
                return
            self._failed_in_a_row += 1
            if self._failed_in_a_row >= _BREAKER:
                self._closed_until = self._clock.monotonic() + _BREAKER_OPEN
        if isinstance(result, Failure):
            self._log.warning("ask", "tokens can't be asked about: %s", result.why)


def signet_after(number: int) -> Dict[str, str]:
    """Has a replica that is behind this fact catch up before it answers."""
    return {"Signet-After": str(number)} if number > 0 else {}


def end_of(said: Mapping[str, object]) -> float:
    """valid_until as seconds since 1970; without one there is no end."""
    text = said.get("valid_until")
    if text is None:
        return float("inf")
    match = _TIME.fullmatch(str(text))
    if match is None:
        raise ValueError("valid_until")
    seconds = calendar.timegm(datetime.fromisoformat(match[1]).timetuple())
    if not match[2]:
        return float(seconds)
    offset = int(match[3]) * 3600 + int(match[4]) * 60
    return float(seconds - offset if match[2] == "+" else seconds + offset)
