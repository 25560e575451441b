"""The way of a token: verified or remembered, judged by the facts, asked about where they say so."""

from __future__ import annotations

from typing import NamedTuple, Optional

from .clock import Clock
from .errors import TokenInvalid, Unavailable
from .facts import Facts, Judgement
from .feed import Feed
from .introspection import Introspection
from .keys import KeySet
from .log import Occasional
from .memory import Answered, Covered, Memory, Record, digest
from .settings import Settings
from .token import read

_PUT_OFF = 5.0


class Verified(NamedTuple):
    """A token that is accepted, and what Signet said about it, if it was asked."""

    record: Record
    answered: Optional[Answered]


class Verification:
    def __init__(
        self,
        settings: Settings,
        keys: KeySet,
        facts: Facts,
        feed: Feed,
        introspection: Optional[Introspection],
        clock: Clock,
        log: Occasional,
    ) -> None:
        self._settings, self._keys, self._facts, self._feed = settings, keys, facts, feed
        self._introspection, self._clock, self._log = introspection, clock, log
        self._memory = Memory()

    def verify(self, text: str) -> Verified:
        record = self._remembered(text) or self._first(text)
        relied_on = self._introspection is None or self._feed.relied_on()
        for _ in range(3):  # while it is asked about, a further fact may come
            answered = self._answered(record)
            judgement = self._facts.judge(record.token, self._covered(record, answered))
            if not judgement.ask or self._introspection is None:
                return self._verdict(record, answered, judgement, relied_on)
            failure = self._introspection.ask(record, judgement.after, judgement.seen)
            if failure is not None:
                if judgement.personal or self._settings.on_cut == "deny":
                    raise failure.unavailable(record)
                # It is not about this caller: what was known counts for a while.
                record.put_off = Covered(judgement.after, judgement.seen, self._clock.now() + _PUT_OFF)
        raise Unavailable("facts about the token come faster than answers", 1, record.token.sub, record.token.kid)

    def known(self, text: str) -> Optional[Verified]:
        """What verify says, if it says so without waiting."""
        record = self._remembered(text)
        if record is None or (self._introspection is not None and self._feed.waits()):
            return None
        answered = self._answered(record)
        judgement = self._facts.judge(record.token, self._covered(record, answered))
        if judgement.ask and self._introspection is not None:
            return None
        return self._verdict(record, answered, judgement, self._introspection is None or self._feed.relied_on())

    def _remembered(self, text: str) -> Optional[Record]:
        record = self._memory.get(digest(text), self._clock.now())
        return record if record is not None and record.token.kid in self._keys else None

    def _first(self, text: str) -> Record:
        """Verifies a token that is not remembered."""
        unverified = read(text)
        key = self._keys.find(unverified.kid)
        if key.alg != unverified.alg:
            raise TokenInvalid("algorithm", kid=unverified.kid)
        if not key.signed(text):
            raise TokenInvalid("signature", kid=unverified.kid)
        issuer, audience = self._settings.issuer, self._settings.audience
        try:
            token = unverified.check(issuer, audience, self._settings.leeway, self._clock.now())
        except TokenInvalid as e:
            if e.reason == "issuer":
                self._log.warning("issuer", "a token of Signet names issuer %s, the setting issuer is %r", unverified.seen("iss"), issuer)
            elif e.reason == "audience":
                self._log.warning("audience", "a token for %s was sent here, the setting audience is %r", unverified.seen("aud"), audience)
            raise
        return self._memory.put(Record(token, digest(text)))

    def _answered(self, record: Record) -> Optional[Answered]:
        answered = record.answered
        if answered is None or self._clock.now() >= answered.covered.until or answered.covered.seen < self._facts.epoch_began:
            return None
        return answered

    def _covered(self, record: Record, answered: Optional[Answered]) -> Covered:
        covered, put_off = answered.covered if answered else Covered(), record.put_off
        if put_off is None or self._clock.now() >= put_off.until:
            return covered
        return Covered(max(covered.cs, put_off.cs), max(covered.seen, put_off.seen))

    def _verdict(self, record: Record, answered: Optional[Answered], judgement: Judgement, relied_on: bool) -> Verified:
        token = record.token
        if judgement.refuse:
            raise TokenInvalid(judgement.refuse, token.sub, token.kid)
        if answered is not None and not answered.active:
            raise TokenInvalid("inactive", token.sub, token.kid)
        if not relied_on and self._settings.on_cut == "deny":
            raise Unavailable("the stream of revocations is cut, and on_cut is deny", 1, token.sub, token.kid)
        return Verified(record, answered)
