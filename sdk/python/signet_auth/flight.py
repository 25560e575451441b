"""One call for all who want the same thing at the same time."""

from __future__ import annotations

import threading
from typing import Callable, Dict, Generic, Hashable, Optional, TypeVar

T = TypeVar("T")


class _Flight(Generic[T]):
    def __init__(self) -> None:
        self.landed = threading.Event()
        self.result: Optional[T] = None


class Flights(Generic[T]):
    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._lock = threading.Lock()
        self._under_way: Dict[Hashable, _Flight[T]] = {}

    def run(self, name: Hashable, do: Callable[[], T]) -> Optional[T]:
        """What do returns, by whichever caller runs it; None when that takes too long or fails."""
        with self._lock:
            flight = self._under_way.get(name)
            if flight is not None:
                leads = False
            else:
                leads, flight = True, _Flight()
                self._under_way[name] = flight
        if not leads:
            flight.landed.wait(self._patience)
            return flight.result
        try:
            flight.result = do()
            return flight.result
        finally:
            with self._lock:
                del self._under_way[name]
            flight.landed.set()
