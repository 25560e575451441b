"""What is remembered of tokens: that they were verified, and what Signet answered about them."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from typing import Dict, NamedTuple, Optional, Tuple

from .token import MAX_TOKEN, Token


class Covered(NamedTuple):
    """Which facts about a token are dealt with: those up to number cs, and the first seen that came. By default none."""

    cs: int = 0
    seen: int = -1
    until: float = 0.0  # by the wall clock


class Answered(NamedTuple):
    """What Signet said of a token."""

    active: bool
    permissions: Tuple[str, ...]
    roles: Tuple[str, ...]
    covered: Covered


class Checked(NamedTuple):
    """Whether a token whose permissions are too many for it has one of them."""

    allowed: bool
    seen: int
    at: float
    until: float


class Record:
    """One verified token."""

    __slots__ = ("token", "digest", "answered", "put_off", "checked")

    def __init__(self, token: Token, digest: bytes) -> None:
        self.token, self.digest = token, digest
        self.answered: Optional[Answered] = None
        self.put_off: Optional[Covered] = None  # what Signet could not be asked about just now
        self.checked: Dict[str, Checked] = {}


def digest(text: str) -> bytes:
    """The name of a token in memory, which therefore holds no list of tokens by their text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() if len(text) <= MAX_TOKEN else b""


class Memory:
    """The last 10 000 verified tokens. Whether one still counts is judged at each use."""

    def __init__(self, bound: int = 10_000) -> None:
        self._bound = bound
        self._lock = threading.Lock()
        self._records: "OrderedDict[bytes, Record]" = OrderedDict()

    def __len__(self) -> int:
        return len(self._records)

    def get(self, name: bytes, now: float) -> Optional[Record]:
        with self._lock:
            record = self._records.get(name)
            if record is None:
                return None
            if now >= record.token.exp:
                del self._records[name]
                return None
            self._records.move_to_end(name)
            return record

    def put(self, record: Record) -> Record:
        """Remembers a record. When two requests verified the same token, the first record stays: answers are in it."""
        with self._lock:
            kept = self._records.setdefault(record.digest, record)
            if len(self._records) > self._bound:
                self._records.popitem(last=False)
            return kept
