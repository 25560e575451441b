"""Access tokens for calls that a service makes as itself (client credentials)."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
import urllib.parse
from typing import NamedTuple, Optional, Union

from .clock import Clock
from .errors import TokenRefused, Unavailable
from .flight import Flights
from .fork import renew_after_fork
from .log import logger
from .settings import AppToken, checked_key, checked_url
from .transport import Answer, Transport, TransportError

_RENEW_AT = 0.8
_SPARE = 30.0
_WITHIN = 10.0
_REFUSED_FOR = 10.0
_Error = Union[TokenRefused, Unavailable]


class _Held(NamedTuple):
    token: str
    renew: float
    end: float


class TokenSource:
    """Gives a token that is valid for at least 30 s more. It is renewed beside the calls at 80 % of its life, once for all threads.

    client_id is the key of the service itself, service the one to call (none: Signet), scope the permissions to ask for (none: all that are
    held), with blanks between.
    """

    def __init__(
        self,
        url: str,
        client_id: str,
        app_token: Optional[str] = None,
        *,
        app_token_file: Optional[str] = None,
        service: Optional[str] = None,
        scope: Optional[str] = None,
        allow_http: bool = False,
        transport: Optional[Transport] = None,
        clock: Optional[Clock] = None,
    ) -> None:
        self._url = checked_url("url", url, allow_http).rstrip("/")
        self._client_id = checked_key("client_id", client_id)
        self._app_token = AppToken(app_token, app_token_file, needed=True)
        self._form = {"grant_type": "client_credentials", "service": service, "scope": scope}
        self._transport, self._clock = transport or Transport(), clock or Clock()
        self._held: Optional[_Held] = None
        self._error: Optional[_Error] = None
        self._rest_until = 0.0
        self._failures = 0
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        self._lock = threading.Lock()
        self._flights: Flights[Union[_Held, _Error]] = Flights(_WITHIN)
        self._renewing = False

    def token(self) -> str:
        """Raises TokenRefused when Signet says no, and Unavailable when it can't be asked."""
        held, now = self._held, self._clock.monotonic()
        if held is None or now >= held.end:
            return self._fetched()
        if now >= held.renew:
            self._renew_beside()
        return held.token

    async def atoken(self) -> str:
        """token, which keeps the event loop free."""
        held = self._held
        if held is not None and self._clock.monotonic() < held.renew:
            return held.token
        return await asyncio.to_thread(self.token)

    def refused(self, token: str) -> None:
        """Drops a token that a service answered with 401; the next call has another."""
        with self._lock:
            if self._held is not None and self._held.token == token:
                self._held = None

    def _fetched(self) -> str:
        result = self._flights.run("token", self._fetch)
        if result is None:
            raise Unavailable("a token is being fetched, which takes too long")
        if not isinstance(result, _Held):
            raise result.with_traceback(None)  # it is raised to many
        return result.token

    def _renew_beside(self) -> None:
        with self._lock:
            if self._renewing or self._clock.monotonic() < self._rest_until:
                return
            self._renewing = True
        threading.Thread(target=self._renew, name="signet-token", daemon=True).start()

    def _renew(self) -> None:
        try:
            result = self._flights.run("token", self._fetch)
            if not isinstance(result, _Held):
                logger.warning("the token for %s can't be renewed: %s", self._form["service"] or "Signet", result)
        finally:
            self._renewing = False

    def _fetch(self) -> Union[_Held, _Error]:
        with self._lock:
            if self._error is not None and self._clock.monotonic() < self._rest_until:
                return self._error
        asked = self._clock.monotonic()
        result = self._ask()
        if isinstance(result, TokenRefused) and result.code == "invalid_client" and self._app_token.read_again():
            result = self._ask()
        with self._lock:
            self._settle(result, asked)
            return self._error or self._held or Unavailable("no token")

    def _settle(self, result: Union[_Held, _Error], asked: float) -> None:
        if isinstance(result, _Held):
            self._held, self._error, self._failures = result, None, 0
            return
        self._error = result
        rest = _REFUSED_FOR
        if isinstance(result, Unavailable):
            rest = max(min(30.0, 0.5 * 2.0**self._failures) * self._clock.chance(0.8, 1.0), result.retry_after - 1)
            self._failures = min(10, self._failures + 1)
        self._rest_until = self._clock.monotonic() + rest

    def _ask(self) -> Union[_Held, _Error]:
        asked = self._clock.monotonic()
        secret = f"{self._client_id}:{urllib.parse.quote(self._app_token.value(), safe='')}"
        headers = {
            "Authorization": "Basic " + base64.b64encode(secret.encode()).decode(),
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        body = urllib.parse.urlencode({name: value for name, value in self._form.items() if value}).encode()
        try:
            answer = self._transport.call("POST", self._url + "/oauth2/token", headers, body, _WITHIN, 1024 * 1024)
        except TransportError as e:
            return Unavailable(f"Signet can't be asked for a token: {e}")
        return _read(answer, asked)


def _read(answer: Answer, asked: float) -> Union[_Held, _Error]:
    try:
        said = json.loads(answer.body)
        if answer.status in (400, 401):
            return TokenRefused(str(said["error"]), str(said.get("error_description", "")))
        if answer.status == 200:
            life = float(said["expires_in"])
            return _Held(str(said["access_token"]), asked + life * _RENEW_AT, asked + life - min(_SPARE, life / 5))
    except (ValueError, TypeError, KeyError, RecursionError):
        pass
    return Unavailable(f"Signet answers {answer.status} when asked for a token", max(1, answer.retry_after() or 1))
