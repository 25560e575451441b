"""A forked process has no threads and perhaps locks that nobody will release, so what needs either is made new in it."""

from __future__ import annotations

import os
import weakref
from typing import Any

_living: "weakref.WeakSet[Any]" = weakref.WeakSet()


def renew_after_fork(thing: Any) -> None:
    """Has thing.after_fork() called in each child, before anything else of it runs."""
    _living.add(thing)


def _renew() -> None:
    for thing in list(_living):
        thing.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
