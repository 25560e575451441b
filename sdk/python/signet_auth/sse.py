"""Reads a stream of server-sent events."""

from __future__ import annotations

from typing import Iterator, List, NamedTuple

_MAX_EVENT = 64 * 1024


class Event(NamedTuple):
    name: str
    data: str
    id: str


class EventReader:
    """Takes bytes as they come and gives the events that are complete. A line without an end is a ValueError at 64 KiB."""

    def __init__(self) -> None:
        self._rest = b""
        self._lines: List[str] = []
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[Event]:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            text = line.rstrip(b"\r").decode("utf-8")
            self._size += len(text)
            if self._size > _MAX_EVENT:
                raise ValueError("an event is too long")
            if text:
                self._lines.append(text)
                continue
            event = self._event()
            self._lines, self._size = [], 0
            if event.data:
                yield event
        if len(self._rest) > _MAX_EVENT:
            raise ValueError("a line is too long")

    def _event(self) -> Event:
        name, data, last = "message", [], ""
        for line in self._lines:
            field, _, value = line.partition(":")
            value = value[1:] if value.startswith(" ") else value
            if field == "event":
                name = value
            elif field == "data":
                data.append(value)
            elif field == "id":
                last = value
        return Event(name, "\n".join(data), last)
