"""What is remembered of tokens: that they were verified, and what Signet answered about them."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from typing import Collection, Dict, Optional, Tuple

from .token import MAX_TOKEN, Token


class Answered:
    """What Signet said of a token. permissions and roles are None where it could not be asked and the token's own count."""

    __slots__ = ("active", "permissions", "roles", "cs", "seen", "until")

    def __init__(
        self, active: bool, permissions: Optional[Tuple[str, ...]], roles: Optional[Tuple[str, ...]], cs: int, seen: int, until: float
    ) -> None:
        self.active, self.permissions, self.roles = active, permissions, roles
        self.cs = cs  # facts up to this number are in it
        self.seen = seen  # how many facts had come when it was asked for
        self.until = until  # by the wall clock


class Checked:
    """Whether a token whose permissions are too many for it has one of them."""

    __slots__ = ("allowed", "seen", "at", "until")

    def __init__(self, allowed: bool, seen: int, at: float, until: float) -> None:
        self.allowed, self.seen, self.at, self.until = allowed, seen, at, until


class Record:
    """One verified token."""

    __slots__ = ("token", "digest", "answered", "checked")

    def __init__(self, token: Token, digest: bytes) -> None:
        self.token, self.digest = token, digest
        self.answered: Optional[Answered] = None
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

    def keep_kids(self, kids: Collection[str]) -> None:
        """Forgets the tokens of keys that are gone."""
        with self._lock:
            for name in [name for name, record in self._records.items() if record.token.kid not in kids]:
                del self._records[name]
