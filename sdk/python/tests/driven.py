"""A clock that stands until it is moved, and a verifier without threads, for which a test does what they would."""

from signet_auth import Verifier
from signet_auth.clock import Clock


class Moved(Clock):
    def __init__(self, base=1_794_000_000):
        self.base, self.at = base, 0

    def now(self):
        return self.base + self.at

    def monotonic(self):
        return float(self.at)

    def wait(self, condition, true, seconds):
        return true()

    def chance(self, low, high):
        return (low + high) / 2


class Driven(Verifier):
    def _begun(self):
        return self._parts

    def work(self, ticks=False):
        if ticks:
            self._parts.feed.receive("tick", {})
        while self._parts.keys.due() == 0:
            self._parts.keys.refresh()
