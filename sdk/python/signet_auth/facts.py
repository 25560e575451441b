"""What Signet said of tokens that were issued before: which ended, and which to ask about.

A fact has a number, cs, and a token has the number up to which all facts were in it when it was made. So a fact counts for tokens with a
lower number, whatever the clocks. Of each subject, session, key and audience the last fact counts.
"""

from __future__ import annotations

import threading
from typing import Any, Dict, Iterator, Mapping, NamedTuple, Optional, Set, Tuple

from .clock import Clock
from .memory import Covered
from .token import Token

_Name = Tuple[str, str]
_MEMBER = {"session": "sid", "key": "key", "subject": "sub", "audience": "aud"}
_EVERYTHING = ("audience", "*")
DEFAULT_TOKEN_TTL = 960


class Fact(NamedTuple):
    ended: bool
    cs: int
    seen: int  # its place in the order of arrival
    came: float


class Judgement(NamedTuple):
    """refuse: the reason, if there is one. Otherwise ask: whether Signet has to be asked, as of fact number after."""

    refuse: str = ""
    ask: bool = False
    after: int = 0
    personal: bool = False  # a fact about this session, key or subject, not about a whole audience
    seen: int = 0


_ACCEPT = Judgement()


class Facts:
    """The facts of the last token_ttl, which are all that can concern a live token."""

    def __init__(self, audience: str, clock: Clock, bound: int = 200_000) -> None:
        self._audience, self._clock, self._bound = audience, clock, bound
        self._lock = threading.Lock()
        self._last: Dict[_Name, Fact] = {}  # oldest first
        self._revoked_kids: Set[str] = set()
        self._floor: Optional[Fact] = None
        self._reset: Optional[Fact] = None
        self._seen = 0
        self._heard_hello = False
        self.token_ttl: float = DEFAULT_TOKEN_TTL
        self.cs = 0

    def __len__(self) -> int:
        return len(self._last)

    def hello(self, token_ttl: Any, cs: Any) -> None:
        with self._lock:
            if isinstance(token_ttl, int) and token_ttl > 60:
                self.token_ttl, self._heard_hello = token_ttl, True
            self._number(cs)

    def tick(self, cs: Any) -> None:
        with self._lock:
            self._number(cs)

    def add(self, data: Mapping[str, Any]) -> None:
        """Takes in one fact of the stream. What a later release sends and this one doesn't know has tokens asked about."""
        kind, what = data.get("kind"), data.get("fact")
        with self._lock:
            cs = self._number(data.get("cs"))
            self._seen += 1
            fact = Fact(what == "ended" and kind in _MEMBER, cs, self._seen, self._clock.monotonic())
            if kind == "reset":
                self._begin_again(fact)
            elif kind == "signing_key":
                if what == "ended" and isinstance(data.get("kid"), str):
                    self._revoked_kids.add(data["kid"])
            else:
                self._put(self._name(data), fact)

    def _number(self, cs: Any) -> int:
        if isinstance(cs, int) and not isinstance(cs, bool):
            self.cs = max(self.cs, cs)
            return cs
        return self.cs

    def _name(self, data: Mapping[str, Any]) -> _Name:
        kind = data.get("kind")
        for known, member in ((kind, _MEMBER.get(str(kind))), ("subject", "sub")):
            if member and isinstance(data.get(member), str):
                return str(known), data[member]
        return _EVERYTHING

    def _put(self, name: _Name, fact: Fact) -> None:
        if name[0] == "audience" and name[1] not in (self._audience, "*"):
            return
        before = self._last.get(name)
        if before is not None:
            if (before.ended and name[0] == "session") or fact.cs < before.cs or (fact.cs == before.cs and before.ended):
                return  # a session that ended stays so; what is read again after a cut is older
            del self._last[name]
        self._last[name] = fact
        self._drop_old(fact.came)
        if len(self._last) > self._bound:
            self._raise_floor(fact.came)

    def _drop_old(self, now: float) -> None:
        while self._last:
            name = next(iter(self._last))
            if now - self._last[name].came < self.token_ttl:
                break
            del self._last[name]

    def _raise_floor(self, now: float) -> None:
        """Forgets the oldest quarter; tokens that it may have been about are asked about."""
        cs = self._floor.cs if self._floor else 0
        for name in list(self._last)[: len(self._last) // 4]:
            cs = max(cs, self._last.pop(name).cs)
        self._floor = Fact(False, cs, self._seen, now)

    def _begin_again(self, fact: Fact) -> None:
        """Signet was restored from a backup: numbers of before compare with nothing. Ends stay ends."""
        self._last = {name: old for name, old in self._last.items() if name[0] == "session" and old.ended}
        self._floor, self._reset, self.cs = None, fact, fact.cs

    def judge(self, token: Token, covered: Covered) -> Judgement:
        """Tells what the facts mean for a token, but those that are covered."""
        with self._lock:
            now = self._clock.monotonic()
            self._drop_old(now)
            if token.kid in self._revoked_kids:
                return Judgement("key_revoked")
            session = self._last.get(("session", token.sid))
            if session is not None and session.ended:
                return Judgement("ended")
            reset = self._in_force(self._reset, now)
            known = max(token.cs or 0, covered.cs)
            ask, after, personal = False, 0, False
            for fact, about_it in self._naming(token, now):
                if fact.seen <= covered.seen if reset else fact.cs <= known:
                    continue
                if fact.ended and not reset and token.cs is not None:
                    return Judgement("ended")
                ask, after, personal = True, max(after, fact.cs), personal or about_it
            if reset and covered.seen < reset.seen:
                ask, after = True, max(after, reset.cs)
            if covered.seen < 0 and self._heard_hello and token.life > self.token_ttl - 60:
                ask = True  # a fact about it may have come and gone already
            return Judgement("", True, after, personal, self._seen) if ask else _ACCEPT

    def newest(self, token: Token) -> Tuple[int, int]:
        """Of the facts that name the token: the place of the last one in the order of arrival, and the highest number."""
        with self._lock:
            now = self._clock.monotonic()
            naming = [fact for fact, _ in self._naming(token, now)]
            reset = self._in_force(self._reset, now)
            if reset:
                naming.append(reset)
            return max((fact.seen for fact in naming), default=0), max((fact.cs for fact in naming), default=0)

    @property
    def seen(self) -> int:
        """How many facts have come."""
        return self._seen

    @property
    def epoch_began(self) -> int:
        """How many had come when Signet was restored last: what it said before is of another past."""
        return self._reset.seen if self._reset else 0

    def _naming(self, token: Token, now: float) -> Iterator[Tuple[Fact, bool]]:
        for name, about_it in (
            (("session", token.sid), True),
            (("key", token.key), True),
            (("subject", token.sub), True),
            (("audience", self._audience), False),
            (_EVERYTHING, False),
        ):
            fact = self._last.get(name)
            if fact is not None:
                yield fact, about_it
        floor = self._in_force(self._floor, now)
        if floor:
            yield floor, False

    def _in_force(self, fact: Optional[Fact], now: float) -> Optional[Fact]:
        return fact if fact is not None and now - fact.came < self.token_ttl else None
