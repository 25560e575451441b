"""An issuer for unit tests, in this process: keys, stream, introspection, permission checks and tokens, without Signet.

    with FakeIssuer() as issuer:
        v = issuer.verifier("billing")
        token = issuer.token(user("u-1", "invoice:read"))
        assert v.verify(token).sub == "u-1"
        issuer.disable("u-1")  # v.verify(token) raises TokenInvalid from here on

It listens on loopback only, and a verifier takes its tokens because they are real ones: signed, with all claims.
"""

from __future__ import annotations

import base64
import threading
import time
import uuid
from collections import Counter
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from .clock import Clock
from .testing_http import Server, handler
from .verifier import Verifier

_LIFE = 900


class Who(NamedTuple):
    """Whose token it is, made by user or service."""

    claims: Mapping[str, Any]
    permissions: Tuple[str, ...]

    def with_claims(self, **claims: Any) -> Who:
        """The same with other claims; None leaves one out."""
        return self._replace(claims={**self.claims, **claims})

    def by_reference(self) -> Who:
        """The same with too many permissions for a token, which says perm_ref instead."""
        return self.with_claims(permissions=None, perm_ref=True)


def user(sub: str, *permissions: str) -> Who:
    """A user in a session s-<sub>."""
    claims = {"sub": sub, "sid": f"s-{sub}", "client_id": "signet", "roles": [], "permissions": list(permissions)}
    return Who(claims, permissions)


def service(key: str, *permissions: str) -> Who:
    """A service's account, whose token came from the application token t-<key>."""
    claims = {
        "sub": f"id-{key}",
        "client_id": key,
        "kind": "service_account",
        "key": f"t-{key}",
        "roles": [],
        "permissions": list(permissions),
    }
    return Who(claims, permissions)


class _Shifted(Clock):
    """The clock of an issuer and its verifiers, which a test moves."""

    ahead = 0.0

    def now(self) -> float:
        return time.time() + self.ahead

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead

    def chance(self, low: float, high: float) -> float:
        return low  # a test doesn't wait for what other replicas might be spared


class _Key:
    def __init__(self) -> None:
        self.kid = uuid.uuid4().hex
        self.private = ec.generate_private_key(ec.SECP256R1())

    def jwk(self) -> Dict[str, str]:
        point = self.private.public_key().public_numbers()
        x, y = (base64.urlsafe_b64encode(n.to_bytes(32, "big")).rstrip(b"=").decode() for n in (point.x, point.y))
        return {"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": self.kid, "alg": "ES256", "use": "sig"}


class FakeIssuer:
    def __init__(self, life: int = _LIFE) -> None:
        self._life = life
        self.clock = _Shifted()
        self._changed = threading.Condition(threading.RLock())
        self._keys = [_Key()]
        self._facts: List[Dict[str, Any]] = []
        self._cs, self._epoch = 1, 1
        self._audience = "billing"
        self._ended: Set[str] = set()
        self._disabled: Set[str] = set()
        self._permissions: Dict[str, Tuple[str, ...]] = {}
        self._calls: "Counter[str]" = Counter()
        self._verifiers: List[Verifier] = []
        self._is_cut = self._closed = False
        self.streams = 0  # that are open
        self._server = Server(("127.0.0.1", 0), handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def __enter__(self) -> FakeIssuer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        for verifier in self._verifiers:
            verifier.close()
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()

    def config(self, audience: str) -> Dict[str, Any]:
        """The settings of a verifier of this issuer; tokens are for this audience from now on, unless their claims say another."""
        self._audience = audience
        return {"issuer": self.url, "audience": audience, "app_token": f"sgat_{audience}", "clock": self.clock}

    def verifier(self, audience: str, **settings: Any) -> Verifier:
        """A verifier of this issuer, which closes it. What happens here, it has heard when the call returns."""
        verifier = Verifier(**{**self.config(audience), **settings})
        self._verifiers.append(verifier)
        return verifier

    def token(self, who: Who) -> str:
        """An access token."""
        with self._changed:
            now = int(self.clock.now())
            claims = {
                "iss": self.url,
                "aud": self._audience,
                "iat": now,
                "nbf": now,
                "exp": now + self._life,
                "jti": uuid.uuid4().hex,
                "cs": self._cs,
            }
            claims.update(who.claims)
            self._permissions.setdefault(who.claims["sub"], who.permissions)
            claims = {name: value for name, value in claims.items() if value is not None}
            key = self._keys[-1]
            return jwt.encode(claims, key.private, algorithm="ES256", headers={"kid": key.kid, "typ": "at+jwt"})  # type: ignore[arg-type]

    def end(self, sid: str) -> None:
        """A session ends, as by logging out."""
        self._ended.add(sid)
        self._tell("session", "ended", sid=sid)

    def disable(self, sub: str) -> None:
        """A user is disabled, or a service's account."""
        self._disabled.add(sub)
        self._tell("subject", "ended", sub=sub)

    def grant(self, sub: str, *permissions: str) -> None:
        """From now on sub has exactly these permissions, whatever older tokens say."""
        self._permissions[sub] = permissions
        self._tell("subject", "stale", sub=sub)

    def rotate_key(self) -> str:
        """Signs with another key; tokens of older ones stay valid. Its kid."""
        with self._changed:
            self._keys.append(_Key())
            return self._keys[-1].kid

    def revoke_key(self, kid: Optional[str] = None) -> None:
        """Revokes a key, the newest one if none is named, with all tokens that it signed."""
        with self._changed:
            kid = kid or self._keys[-1].kid
            self._keys = [key for key in self._keys if key.kid != kid] or [_Key()]
        self._tell("signing_key", "ended", kid=kid)

    def cut(self) -> None:
        """Ends the streams and answers every call with 503, until resume."""
        with self._changed:
            self._is_cut = True
            self._changed.notify_all()

    def resume(self) -> None:
        with self._changed:
            self._is_cut = False

    def restore(self) -> None:
        """Signet was restored from a backup: its numbers begin at another place, and followers are told so."""
        with self._changed:
            self._epoch, self._facts, self._cs = self._epoch + 1, [], max(1, self._cs // 2)
            self._changed.notify_all()
        self._heard_by_all()

    def move(self, seconds: float) -> None:
        """Moves the clock of the issuer and of verifiers with its config."""
        self.clock.ahead += seconds

    def calls(self) -> Dict[str, int]:
        """How often each was called: jwks, stream, poll, introspect, check, token."""
        with self._changed:
            return dict(self._calls)

    def heard(self, verifier: Verifier, within: float = 5.0) -> None:
        """Waits until a verifier that the application made has heard all that happened so far."""
        until = time.monotonic() + within
        while verifier.state().cs != self._cs or verifier.state().stream != "ready":
            if time.monotonic() > until:
                raise TimeoutError(f"the verifier has not heard of change {self._cs} within {within:g} s: {verifier.state()}")
            time.sleep(0.005)

    # What follows is for testing_http.

    def service_token(self, key: str, audience: str, permissions: Sequence[str]) -> str:
        return self.token(service(key, *permissions).with_claims(aud=audience))

    def _tell(self, kind: str, fact: str, **what: str) -> None:
        with self._changed:
            self._cs += 1
            self._facts.append({"kind": kind, "fact": fact, **what, "cs": self._cs})
            self._changed.notify_all()
        self._heard_by_all()

    def _heard_by_all(self) -> None:
        for verifier in self._verifiers:
            if not self._is_cut and verifier.listens():
                self.heard(verifier)

    def _count(self, name: str) -> None:
        with self._changed:
            self._calls[name] += 1

    def _cursor(self, number: int) -> str:
        return f"sgcu_{self._epoch}_{number}"

    def _position(self, cursor: str) -> Tuple[int, bool]:
        """Where a follower goes on, and whether it has to be told of a reset first."""
        parts = cursor.split("_")
        if len(parts) != 3:
            return 0, self._epoch > 1
        return (int(parts[2]), False) if parts[1] == str(self._epoch) else (0, True)

    def _live(self, token: str, audience: str) -> Optional[Dict[str, Any]]:
        """The claims of a token that counts now."""
        unchecked = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}  # they are judged by our clock
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            public = next(key.private.public_key() for key in self._keys if key.kid == kid)
            claims: Dict[str, Any] = jwt.decode(token, public, algorithms=["ES256"], options=unchecked)  # type: ignore[arg-type]
        except (jwt.PyJWTError, StopIteration):
            return None
        dead = claims["sub"] in self._disabled or claims.get("sid") in self._ended or claims["exp"] <= self.clock.now()
        return None if dead or claims["aud"] != audience else claims
