"""Checks access tokens of Signet, for any framework. It needs nothing but the issuer, which says where its keys are."""

import json
import os
import time
import urllib.error
import urllib.request
from functools import cache

import jwt

ISSUER = os.environ.get("SIGNET_ISSUER", "http://localhost:5000")
AUDIENCE = "billing"  # the service's key at Signet
LEVELS = ["aal1", "aal2", "phr"]  # of a proof who somebody is, in ascending order


class Refused(Exception):
    """A caller is not let through; the frameworks answer with its status, headers and body."""

    def __init__(self, status, why, challenge=""):
        super().__init__(why)
        self.status, self.body = status, {"error": why}
        # RFC 6750 section 3
        self.headers = {"WWW-Authenticate": f'Bearer realm="{AUDIENCE}"{challenge}'} if status in (401, 403) else {}


def invalid():
    return Refused(401, "the access token is not valid here", ', error="invalid_token"')


class Keys(jwt.PyJWKClient):
    """The key set. It is kept for 5 minutes, so that a revoked key is forgotten, and fetched when a token names one that is not known.

    For unknown keys it is fetched once in 30 seconds at most: strangers invent names.
    """

    asked = float("-inf")

    def get_signing_keys(self, refresh=False):
        if refresh:
            refresh = time.monotonic() >= self.asked + 30
            self.asked = time.monotonic() if refresh else self.asked
        return super().get_signing_keys(refresh)


@cache
def keys():
    metadata = get("/.well-known/openid-configuration")
    if metadata["issuer"] != ISSUER:
        raise RuntimeError(f"{ISSUER} calls itself {metadata['issuer']}, and so do its tokens: SIGNET_ISSUER must be that")
    return Keys(metadata["jwks_uri"], lifespan=300)


def caller(authorization, permission=None, now=False):
    """The claims of a caller that may pass, by the Authorization header.

    A role that was taken and a session that ended count when the token expires; with now=True Signet is asked, which knows within a second.
    """
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer":
        raise Refused(401, "an access token is needed")
    claims = verified(token)
    if now or claims.get("perm_ref"):  # perm_ref: the permissions are too many for a token
        claims["permissions"] = asked(token)
    if permission and permission not in claims.get("permissions", []):
        raise Refused(403, f"{permission} is needed", f', error="insufficient_scope", scope="{permission}"')
    return claims


def fresh(claims, acr, max_age):
    """Lets those through who proved who they are at a level, not longer ago than max_age in seconds.

    Others are told what is missing (RFC 9470): the front end calls Signet's step-up and repeats the call. A service has no level, and does
    not get through.
    """
    level = claims.get("acr") if claims.get("acr") in LEVELS else LEVELS[0]
    if LEVELS.index(level) < LEVELS.index(acr) or time.time() - claims.get("auth_time", 0) > max_age:
        challenge = f', error="insufficient_user_authentication", acr_values="{acr}", max_age={max_age}'
        raise Refused(401, "a fresh login is needed", challenge)


def verified(token):
    """Checks signature, typ, iss, aud and exp."""
    try:
        keys().get_signing_keys()  # from memory, but for once in 5 minutes
    except (jwt.PyJWKClientError, OSError, RuntimeError) as e:
        print(f"Signet can't be asked for its keys at {ISSUER} (SIGNET_ISSUER): {e}", flush=True)
        raise Refused(503, "Signet can't be asked for its keys") from e
    try:
        complete = jwt.api_jwt.decode_complete(
            token,
            keys().get_signing_key_from_jwt(token).key,
            algorithms=["ES256"],  # never what the token itself names
            issuer=ISSUER,
            audience=AUDIENCE,
            leeway=30,
            options={"require": ["exp", "iss", "aud", "sub"]},
        )
    except jwt.PyJWTError as e:
        raise invalid() from e
    if complete["header"].get("typ") != "at+jwt":  # RFC 9068 section 4
        raise invalid()
    return complete["payload"]


def asked(token):
    """What the token permits this second. Any doubt is no permission."""
    try:
        valid = get("/api/auth/validate-jwt", token)
    except urllib.error.HTTPError as e:
        if e.code == 429 or e.code >= 500:
            raise Refused(503, "Signet can't be asked") from e
        raise invalid() from e
    except (OSError, ValueError) as e:
        raise Refused(503, "Signet can't be asked") from e
    if valid["audience"] != AUDIENCE:
        raise invalid()
    return valid["permissions"]


def get(path, token=None):
    request = urllib.request.Request(ISSUER + path, headers={"Authorization": f"Bearer {token}"} if token else {})
    with urllib.request.urlopen(request, timeout=5) as response:
        return json.load(response)
