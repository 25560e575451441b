"""What a token permits whose permissions are too many to be in it."""

from __future__ import annotations

import json
from typing import Mapping, Optional, Sequence, Union

from .calls import WITHIN, Calls, Failure, end_of, signet_after
from .clock import Clock
from .errors import Refusal, TokenInvalid
from .facts import Facts
from .flight import Flights
from .memory import Checked, Record

_MAX_NAMES = 100
_WITHOUT_STREAM = 60.0


class Checks:
    """Asks with the token itself, so that its own limits apply and no secret is needed."""

    def __init__(self, calls: Calls, audience: str, facts: Facts, clock: Clock) -> None:
        self._calls, self._audience, self._facts, self._clock = calls, audience, facts, clock
        self._flights: Flights[Union[Mapping[str, Checked], Refusal]] = Flights(WITHIN)

    def remembered(self, record: Record, permission: str, live: bool) -> Optional[bool]:
        """What is known of a permission. Without a stream that says what changed, it is forgotten after a minute."""
        checked = record.checked.get(permission)
        if checked is None or checked.seen < self._facts.newest(record.token)[0] or self._clock.now() >= checked.until:
            return None
        if not live and self._clock.monotonic() - checked.at >= _WITHOUT_STREAM:
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
            **signet_after(max(after, record.token.cs or 0)),
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
            allowed, until = [result["allowed"] for result in said["results"]], end_of(said)
        except (ValueError, TypeError, KeyError, RecursionError):
            allowed, until = [], 0.0
        if len(allowed) != len(names) or not all(isinstance(yes, bool) for yes in allowed):
            return Failure("Signet's answer about permissions can't be read").unavailable(record)
        at = self._clock.monotonic()
        checked = {name: Checked(yes, seen, at, until) for name, yes in zip(names, allowed)}
        record.checked = {**(record.checked if len(record.checked) < 2 * _MAX_NAMES else {}), **checked}
        return checked
