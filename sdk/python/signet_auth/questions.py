"""What Signet is asked about a token: whether it still counts (introspect), and what it permits (check)."""

from __future__ import annotations

import calendar
import json
import re
import threading
import urllib.parse
from datetime import datetime
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from .clock import Clock
from .errors import Refusal, TokenInvalid, Unavailable
from .facts import Facts
from .flight import Flights
from .log import Occasional
from .memory import Answered, Checked, Covered, Record
from .settings import AppToken
from .transport import Answer, Transport, TransportError

_WITHIN = 2.0
_AT_ONCE = 32
_BREAKER = 5
_BREAKER_OPEN = 10.0
_UNSURE_FOR = 5.0
_MAX_ANSWER = 1024 * 1024
_MAX_NAMES = 100
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
        if not self._places.acquire(timeout=_WITHIN):
            return Failure(f"{_AT_ONCE} questions to Signet are under way")
        try:
            result = self._try_twice(path, headers, body)
        finally:
            self._places.release()
        self._count(result, expected)
        return result

    def _try_twice(self, path: str, headers: Mapping[str, str], body: bytes) -> Union[Answer, Failure]:
        """One replica may be without its database while the others are well, so a second connection is tried."""
        deadline = self._clock.monotonic() + _WITHIN
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


class Introspection:
    """Asks whether a token still counts, as the service. The answer is remembered in the token's record."""

    def __init__(self, calls: Calls, token: AppToken, facts: Facts, clock: Clock, log: Occasional) -> None:
        self._calls, self._token, self._facts, self._clock, self._log = calls, token, facts, clock, log
        self._flights: Flights[Union[Answered, Failure]] = Flights(_WITHIN)

    def ask(self, record: Record, after: int, seen: int) -> Optional[Failure]:
        """Asks as of fact number after, or waits for a question about the token that is under way, which may have been an older one."""
        result = self._flights.run(record.digest, lambda: self._ask(record, after, seen))
        if result is None:
            return Failure("another question about the token takes too long")
        return result if isinstance(result, Failure) else None

    def _ask(self, record: Record, after: int, seen: int) -> Union[Answered, Failure]:
        body = urllib.parse.urlencode({"token": record.token.text}).encode()
        answer = self._post(after, body)
        if isinstance(answer, Answer) and answer.status == 401 and self._token.read_again():
            answer = self._post(after, body)
        if isinstance(answer, Failure):
            return answer
        if answer.status != 200:
            self._log.warning(
                "introspect", "Signet answers %d to the application token (settings app_token, app_token_file, url)", answer.status
            )
            return Failure(f"Signet answers {answer.status} to a question about the token")
        try:
            record.answered = self._read(answer.body, record, after, seen)
        except (ValueError, TypeError, KeyError, RecursionError):
            return Failure("Signet's answer about the token can't be read")
        return record.answered

    def _post(self, after: int, body: bytes) -> Union[Answer, Failure]:
        headers = {
            "Authorization": f"Bearer {self._token.value()}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
            **_signet_after(after),
        }
        return self._calls.post("/oauth2/introspect", headers, body, expected=(200,))

    def _read(self, body: bytes, record: Record, after: int, seen: int) -> Answered:
        said = json.loads(body)
        active = said["active"]
        if not isinstance(active, bool):
            raise ValueError("active")
        cs = said.get("cs")
        now = self._clock.now()
        until = min(now + self._facts.token_ttl, _end(said))
        if not isinstance(cs, int) or cs < after:  # a replica of the release before, which may not know the fact
            cs, until = after, min(until, now + _UNSURE_FOR)
        until = max(until, now + 1)  # or an end that our clock thinks past would have it asked for ever
        return Answered(active, _names(said.get("permissions")), _names(said.get("roles")), Covered(cs, seen, until))


class Checks:
    """Asks what a token permits whose permissions are too many for it, with the token itself, so that its own limits apply."""

    def __init__(self, calls: Calls, audience: str, facts: Facts, clock: Clock) -> None:
        self._calls, self._audience, self._facts, self._clock = calls, audience, facts, clock
        self._flights: Flights[Union[Mapping[str, Checked], Refusal]] = Flights(_WITHIN)

    def remembered(self, record: Record, permission: str, live: bool) -> Optional[bool]:
        """What is known of a permission. Without a stream that says what changed, it is forgotten after a minute."""
        checked = record.checked.get(permission)
        if checked is None or checked.seen < self._facts.newest(record.token)[0] or self._clock.now() >= checked.until:
            return None
        if not live and self._clock.monotonic() - checked.at >= 60:
            return None
        return checked.allowed

    def ask(self, record: Record, permission: str, wired: Sequence[str]) -> bool:
        """Asks about a permission, and in the same call about all others that this service goes by."""
        names = [permission] + [name for name in wired if name != permission][: _MAX_NAMES - 1]
        result = self._flights.run((record.digest, permission), lambda: self._ask(record, names))
        if result is None:
            raise Failure("another question about the token takes too long").unavailable(record)
        if isinstance(result, Refusal):
            raise result.with_traceback(None)  # it is raised to all who waited for it
        return result[permission].allowed

    def _ask(self, record: Record, names: Sequence[str]) -> Union[Mapping[str, Checked], Refusal]:
        seen, (_, after) = self._facts.seen, self._facts.newest(record.token)
        headers = {
            "Authorization": f"Bearer {record.token.text}",
            "Content-Type": "application/json",
            "Accept": "application/json",
            **_signet_after(max(after, record.token.cs or 0)),
        }
        body = json.dumps({"checks": [{"service": self._audience, "permission": name} for name in names]}).encode()
        answer = self._calls.post("/api/authz/check", headers, body, expected=(200, 401))
        if isinstance(answer, Failure):
            return answer.unavailable(record)
        if answer.status == 401:
            return TokenInvalid("inactive", record.token.sub, record.token.kid)
        if answer.status != 200:
            return Failure(f"Signet answers {answer.status} to a question about permissions").unavailable(record)
        try:
            said = json.loads(answer.body)
            allowed, until = [result["allowed"] for result in said["results"]], _end(said)
        except (ValueError, TypeError, KeyError, RecursionError):
            allowed, until = [], 0.0
        if len(allowed) != len(names) or not all(isinstance(yes, bool) for yes in allowed):
            return Failure("Signet's answer about permissions can't be read").unavailable(record)
        at = self._clock.monotonic()
        checked = {name: Checked(yes, seen, at, until) for name, yes in zip(names, allowed)}
        record.checked = {**(record.checked if len(record.checked) < 2 * _MAX_NAMES else {}), **checked}
        return checked


def _signet_after(number: int) -> Dict[str, str]:
    """Has a replica that is behind this fact catch up before it answers."""
    return {"Signet-After": str(number)} if number > 0 else {}


def _names(value: Any) -> Tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueError("a list of names")
    return tuple(value)


def _end(said: Mapping[str, Any]) -> float:
    """valid_until as seconds since 1970; without one there is no end."""
    text = said.get("valid_until")
    if text is None:
        return float("inf")
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError("valid_until")
    seconds: List[int] = [calendar.timegm(datetime.fromisoformat(match[1]).timetuple())]
    if match[2]:
        offset = int(match[3]) * 3600 + int(match[4]) * 60
        seconds.append(-offset if match[2] == "+" else offset)
    return float(sum(seconds))
