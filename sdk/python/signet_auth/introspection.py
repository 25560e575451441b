"""Whether a token still counts, and what it permits now (RFC 7662)."""

from __future__ import annotations

import json
import urllib.parse
from typing import Any, Optional, Tuple, Union

from .calls import WITHIN, Calls, Failure, end_of, signet_after
from .clock import Clock
from .facts import Facts
from .flight import Flights
from .log import Occasional
from .memory import Answered, Covered, Record
from .settings import AppToken
from .transport import Answer

_UNSURE_FOR = 5.0


class Introspection:
    """Asks whether a token still counts, as the service. The answer is remembered in the token's record."""

    def __init__(self, calls: Calls, token: AppToken, facts: Facts, clock: Clock, log: Occasional) -> None:
        self._calls, self._token, self._facts, self._clock, self._log = calls, token, facts, clock, log
        self._flights: Flights[Union[Answered, Failure]] = Flights(WITHIN)

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
            record.answered = self._read(answer.body, after, seen)
        except (ValueError, TypeError, KeyError, RecursionError):
            return Failure("Signet's answer about the token can't be read")
        return record.answered

    def _post(self, after: int, body: bytes) -> Union[Answer, Failure]:
        headers = {
            "Authorization": f"Bearer {self._token.value()}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
            **signet_after(after),
        }
        return self._calls.post("/oauth2/introspect", headers, body, expected=(200,))

    def _read(self, body: bytes, after: int, seen: int) -> Answered:
        said = json.loads(body)
        active = said["active"]
        if not isinstance(active, bool):
            raise ValueError("active")
        cs = said.get("cs")
        now = self._clock.now()
        until = min(now + self._facts.token_ttl, end_of(said))
        if type(cs) is not int or cs < after:  # a replica of the release before, which may not know the fact
            cs, until = after, min(until, now + _UNSURE_FOR)
        until = max(until, now + 1)  # or an end that our clock thinks past would have it asked for ever
        return Answered(active, _names(said.get("permissions")), _names(said.get("roles")), Covered(cs, seen, until))


def _names(value: Any) -> Tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueError("a list of names")
    return tuple(value)
