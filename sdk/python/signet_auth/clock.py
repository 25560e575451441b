"""Time and chance, as a parameter, so that tests move the clock."""

from __future__ import annotations

import random
import threading
import time
from typing import Callable


class Clock:
    def now(self) -> float:
        """Seconds since 1970, by which tokens expire."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that nobody sets back, by which everything else is timed."""
        return time.monotonic()

    def wait(self, condition: threading.Condition, true: Callable[[], bool], seconds: float) -> bool:
        """Waits, with the condition held, until something is true or the seconds are over."""
        return condition.wait_for(true, max(0.0, seconds))

    def pause(self, seconds: float) -> None:
        time.sleep(seconds)

    def chance(self, low: float, high: float) -> float:
        return random.uniform(low, high)
