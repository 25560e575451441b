"""The thread that reads the stream of revocations, or polls where a proxy holds streams back."""

from __future__ import annotations

import json
import threading
import urllib.parse
from typing import Any, Dict, Mapping, NamedTuple, Optional

from .clock import Clock
from .feed import SILENCE, Feed
from .log import logger
from .settings import AppToken
from .sse import EventReader
from .transport import Answer, Stream, Transport, TransportError

_HELLO_WITHIN = 5.0
_POLL_FOR = 600.0
_POLL_WAIT = 10
_REFUSED_PAUSE = 60.0
_MAX_PAGE = 8 * 1024 * 1024


class _End(NamedTuple):
    """Why the stream or a poll ended."""

    why: str
    status: int = 0
    retry_after: Optional[int] = None
    quiet: bool = False
    at_once: bool = False


class Follower:
    def __init__(self, url: str, on_cut: str, token: AppToken, transport: Transport, feed: Feed, clock: Clock) -> None:
        self._url, self._on_cut = url + "/api/authz/revocations", on_cut
        self._token, self._transport, self._feed, self._clock = token, transport, feed, clock
        self._closed = threading.Event()
        self._stream: Optional[Stream] = None
        self._cursor = ""
        self._poll_until: Optional[float] = None
        self._failures = 0

    def run(self) -> None:
        while not self._closed.is_set():
            sent = self._token.value()
            try:
                end = self._poll(sent) if self._polls() else self._listen(sent)
            except TransportError as e:
                end = _End(str(e))
            except Exception as e:  # this thread outlives whatever is sent to it
                end = _End(f"it can't be read: {e!r}")
            if self._closed.is_set():
                return
            was_ready = self._feed.is_ready
            self._feed.cut(end.why, self._on_cut, end.quiet)
            self._pause(end, was_ready, sent)

    def close(self) -> None:
        self._closed.set()
        if self._stream is not None:
            self._stream.interrupt()

    def abandon(self) -> None:
        """Lets go of the stream in a forked child."""
        if self._stream is not None:
            self._stream.abandon()

    def _polls(self) -> bool:
        return self._poll_until is not None and self._clock.monotonic() < self._poll_until

    def _listen(self, sent: str) -> _End:
        headers = {**_authorized(sent), "Accept": "text/event-stream"}
        if self._cursor:
            headers["Last-Event-ID"] = self._cursor
        try:
            stream = self._transport.stream(self._url + "/stream", headers, _HELLO_WITHIN, SILENCE)
        except TransportError as e:
            return self._no_hello(str(e)) if e.late else _End(str(e))
        self._stream = stream
        try:
            if stream.answer.status != 200:
                return self._refused(stream.answer)
            return self._read(stream)
        finally:
            self._stream = None
            stream.close()

    def _read(self, stream: Stream) -> _End:
        reader, hello = EventReader(), False
        try:
            for chunk in stream.chunks():
                if self._closed.is_set():
                    break
                for event in reader.feed(chunk):
                    hello = True
                    data = _object(event.data)
                    if event.name == "bye":
                        return self._bye(str(data.get("reason")))
                    self._feed.receive(event.name, data)
                    self._cursor = event.id or self._cursor
        except TransportError as e:
            return self._no_hello(str(e)) if e.late and not hello else _End(str(e))
        return _End("Signet ended it")

    def _bye(self, reason: str) -> _End:
        if reason == "token_invalid":
            self._token.read_again()
        # Another replica goes on at once. If none does, that is told.
        return _End(f"Signet said bye: {reason}", quiet=reason != "token_invalid")

    def _no_hello(self, why: str) -> _End:
        """Something between holds the stream back until it ends. Long polls pass."""
        self._poll_until = self._clock.monotonic() + _POLL_FOR
        return _End(f"{why}, so something between holds it back; polling for 10 min", at_once=True)

    def _poll(self, sent: str) -> _End:
        wait = 0
        while self._polls():
            query = {"limit": "1000", "wait": str(wait), **({"cursor": self._cursor} if self._cursor else {})}
            url = self._url + "?" + urllib.parse.urlencode(query)
            answer = self._transport.call("GET", url, _authorized(sent), None, wait + _HELLO_WITHIN, _MAX_PAGE)
            if self._closed.is_set():
                break
            if answer.status != 200:
                return self._refused(answer)
            page = _object(answer.body.decode("utf-8"))
            self._feed.receive("hello", page)
            for fact in page.get("facts") or []:
                self._feed.receive("message", fact)
            self._cursor = str(page.get("cursor") or self._cursor)
            if not page.get("more"):
                self._feed.ready()
                wait = _POLL_WAIT
        return _End("trying a stream again", quiet=True, at_once=True)

    def _refused(self, answer: Answer) -> _End:
        if answer.status == 400 and self._cursor:
            self._cursor = ""  # it is of another Signet, or of another key
            return _End("the cursor is not taken", at_once=True)
        return _End(f"status {answer.status}", answer.status, answer.retry_after())

    def _pause(self, end: _End, was_ready: bool, sent: str) -> None:
        if end.status in (401, 403, 404):
            self._pause_refused(end.status, sent)
            return
        if was_ready:
            self._failures = 0
            seconds = self._clock.chance(0.0, 1.0)
        else:
            seconds = min(30.0, self._clock.chance(0.5, 5.0) * 2.0**self._failures)
            self._failures = min(10, self._failures + 1)
        self._closed.wait(0 if end.at_once else max(seconds, min(end.retry_after or 0, 60)))

    def _pause_refused(self, status: int, sent: str) -> None:
        """Waits a minute, or until there is another token: Signet would only say the same again."""
        if status == 401 and self._token.read_again():
            return
        why = {
            401: "the application token is not valid (any more); settings app_token, app_token_file",
            403: "the token is no application token of a service; settings app_token, app_token_file",
            404: "there is no stream at this address; setting url, or Signet is too old",
        }[status]
        if self._feed.refused != why:
            logger.error("Signet refuses the stream of revocations with status %d: %s", status, why)
        self._feed.refused = why
        until = self._clock.monotonic() + _REFUSED_PAUSE
        while not self._closed.wait(1.0) and self._clock.monotonic() < until and self._token.value() == sent:
            pass


def _authorized(token: str) -> Dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _object(text: str) -> Mapping[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("data that is no object")
    return value
