"""The settings of a verifier or token source, and what is wrong with them in words."""

from __future__ import annotations

import os
import re
import urllib.parse
from typing import Any, Dict, Mapping, NamedTuple, Optional

from .errors import SettingsError

_ENVIRONMENT = ("issuer", "url", "audience", "app_token", "app_token_file")


def from_environment(environment: Optional[Mapping[str, str]] = None) -> Dict[str, Any]:
    """The settings that SIGNET_ISSUER, _URL, _AUDIENCE, _APP_TOKEN and _APP_TOKEN_FILE give."""
    given = os.environ if environment is None else environment
    return {name: given["SIGNET_" + name.upper()] for name in _ENVIRONMENT if given.get("SIGNET_" + name.upper())}


class Settings(NamedTuple):
    """What a verifier goes by; made by checked_settings."""

    issuer: str
    url: str
    audience: str
    on_cut: str
    leeway: float


def checked_settings(
    issuer: Optional[str], url: Optional[str], audience: Optional[str], on_cut: str, leeway: float, allow_http: bool
) -> Settings:
    if isinstance(leeway, bool) or not isinstance(leeway, (int, float)) or not 0 <= leeway <= 60:
        raise SettingsError(f"leeway {leeway!r} is not a number of seconds from 0 to 60")
    if on_cut not in ("allow", "deny"):
        raise SettingsError(f"on_cut {on_cut!r} is neither allow nor deny")
    exact = checked_url("issuer", issuer, allow_http)
    return Settings(exact, checked_url("url", url or issuer, allow_http).rstrip("/"), checked_key("audience", audience), on_cut, leeway)


def checked_url(name: str, value: Optional[str], allow_http: bool) -> str:
    """A URL of Signet as it was given. Tokens and secrets travel to it, so it is https, or doesn't leave the machine."""
    if not value:
        raise SettingsError(f"{name} is missing: the address of Signet, such as https://auth.example.com")
    try:
        parts = urllib.parse.urlsplit(value)
        host, _ = parts.hostname, parts.port
    except (ValueError, TypeError, AttributeError):
        raise SettingsError(f"{name} {value!r} is not a URL") from None
    if parts.username is not None or parts.password is not None:
        raise SettingsError(f"{name} has a user name or password in it")
    if parts.scheme not in ("https", "http") or not host or parts.query or parts.fragment or not value.isprintable() or " " in value:
        raise SettingsError(f"{name} {value!r} is not a URL such as https://auth.example.com")
    if parts.scheme == "http" and not allow_http and host not in ("localhost", "127.0.0.1", "::1"):
        raise SettingsError(f"{name} {value!r} is not https; allow_http permits it where the network between is trusted")
    return value


def checked_key(name: str, value: Optional[str]) -> str:
    """The key of a service."""
    if not value or not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", value):
        raise SettingsError(f"{name} {value!r} is not the key of a service, such as billing")
    return value


class AppToken:
    """The application token of the service. One in a file is read again when the file changes, and when Signet refuses it."""

    def __init__(self, token: Optional[str], file: Optional[str], needed: bool = False) -> None:
        if token and file:
            raise SettingsError("app_token and app_token_file are both given")
        if needed and not token and not file:
            raise SettingsError("app_token or app_token_file is missing")
        self._file = file
        self._stamp: object = None
        self._token = _checked_token("app_token", token) if token else ""
        if file:
            try:
                self._read()
            except OSError as e:
                raise SettingsError(f"app_token_file {file!r} can't be read: {e.strerror}") from None

    def __bool__(self) -> bool:
        return bool(self._token)

    def __repr__(self) -> str:
        return "[redacted]" if self._token else "none"

    def value(self) -> str:
        if self._file and self._changed():
            self.read_again()
        return self._token

    def read_again(self) -> bool:
        """Reads the file, and tells whether there is another token in it. A file that is being replaced keeps the old one."""
        before = self._token
        if self._file:
            try:
                self._read()
            except (OSError, SettingsError):
                pass
        return self._token != before

    def _changed(self) -> bool:
        try:
            return self._stamped() != self._stamp
        except OSError:
            return False

    def _stamped(self) -> object:
        status = os.stat(self._file or "")
        return status.st_mtime_ns, status.st_size, status.st_ino

    def _read(self) -> None:
        stamp = self._stamped()
        with open(self._file or "", encoding="utf-8", errors="replace") as f:
            self._token = _checked_token("app_token_file", f.read(4096).strip())
        self._stamp = stamp


def _checked_token(name: str, token: str) -> str:
    if not isinstance(token, str) or not re.fullmatch(r"sgat_[!-~]{1,500}", token):
        raise SettingsError(f"{name} holds no application token: those begin with sgat_ and have no blanks")
    return token
