"""The caller of a request."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Mapping, Optional, Tuple

from .errors import StaleLogin

if TYPE_CHECKING:
    from .memory import Answered, Record
    from .verifier import Verifier


LEVELS = ("aal1", "aal2", "phr")  # what acr says, in their order


class Principal:
    """A user or a service account whose token is valid. sub is the id to store; roles are for display, permissions decide."""

    __slots__ = ("sub", "kind", "session_id", "client_id", "permissions", "roles", "claims", "by_reference", "record", "_verifier")

    def __init__(self, verifier: Verifier, record: Record, answered: Optional[Answered]) -> None:
        token = record.token
        self.sub: str = token.sub
        self.kind: str = token.claims.get("kind") or "user"
        self.session_id: str = token.sid
        self.client_id: str = token.claims["client_id"]
        self.permissions: Tuple[str, ...] = token.permissions
        self.roles: Tuple[str, ...] = token.roles
        self.claims: Mapping[str, Any] = token.claims
        self.by_reference = token.perm_ref  # the permissions are too many for the token, and have to be asked for
        if answered is not None:
            self.permissions, self.roles, self.by_reference = answered.permissions, answered.roles, False
        self.record, self._verifier = record, verifier

    def allowed(self, permission: str) -> bool:
        """Tells whether the caller has a permission of this service, such as invoice:read. It may ask Signet, which may be Unavailable."""
        known = self._verifier.known_permission(self, permission)
        return known if known is not None else self._verifier.ask_permission(self, permission)

    async def aallowed(self, permission: str) -> bool:
        """allowed, which keeps the event loop free while Signet is asked."""
        known = self._verifier.known_permission(self, permission)
        return known if known is not None else await asyncio.to_thread(self._verifier.ask_permission, self, permission)

    def require_fresh(self, acr: str, max_age: Optional[int] = None) -> None:
        """Raises StaleLogin unless the person has logged in at a level (aal1, aal2 or phr) or a higher one, at most max_age seconds ago. Ask
        after the permission. A service has no level, and is not fresh: decide about it by kind before."""
        if acr not in LEVELS:
            raise ValueError(f"{acr!r} is no level: say aal1, aal2 or phr")
        level, at = self.claims.get("acr"), self.claims.get("auth_time")
        known = LEVELS.index(level) if level in LEVELS else 0
        dated = isinstance(at, (int, float)) and not isinstance(at, bool)
        # "not at most", because nothing is greater than NaN
        if not dated or known < LEVELS.index(acr) or (max_age is not None and not self._verifier.now() - at <= max_age):
            raise StaleLogin(acr, max_age, self.sub)

    def __repr__(self) -> str:
        return f"Principal(sub={self.sub!r}, kind={self.kind!r})"
