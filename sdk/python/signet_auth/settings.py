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
        raise SettingsError(f"leeway must be 0 to 60 seconds; it is {leeway!r}")
    if on_cut not in ("allow", "deny"):
        raise SettingsError(f'on_cut must be "allow" or "deny"; it is {on_cut!r}')
    exact = checked_url("issuer", issuer, allow_http)
    return Settings(exact, checked_url("url", url or issuer, allow_http).rstrip("/"), checked_key("audience", audience), on_cut, leeway)


def checked_url(name: str, value: Optional[str], allow_http: bool) -> str:
    """A URL of Signet as it was given. Tokens and secrets travel to it, so it is https, or doesn't leave the machine."""
    if isinstance(value, str) and "@" in value:  # what is before it is shown nowhere
        raise SettingsError(f"{name} must have no user or password in it")
    wrong = SettingsError(f"{name} must be the address of Signet, such as https://auth.example.com; it is {value!r}")
    if not isinstance(value, str):
        raise wrong
    try:
        parts = urllib.parse.urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise wrong from None
    if parts.scheme not in ("https", "http") or not host or not value.isprintable() or " " in value:
        raise wrong
    if parts.query or parts.fragment:
        raise SettingsError(f"{name} must have no query and no fragment; it is {value!r}")
    if parts.scheme == "http" and not allow_http and host not in ("localhost", "127.0.0.1", "::1"):
        raise SettingsError(f"{name} must begin with https:// (or set allow_http inside a network that you trust); it is {value!r}")
    return value


def checked_key(name: str, value: Optional[str]) -> str:
    """The key of a service."""
    if not isinstance(value, str) or not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", value):
        raise SettingsError(f"{name} must be the key of your service at Signet (not its name), such as billing; it is {value!r}")
    return value


class AppToken:
    """The application token of the service. One in a file is read again when the file changes, and when Signet refuses it."""

    def __init__(self, token: Optional[str], file: Optional[str], needed: bool = False) -> None:
        if token and file:
            raise SettingsError("app_token and app_token_file are both set: one is enough")
        if needed and not token and not file:
            raise SettingsError("app_token or app_token_file must be set. signet tokens create makes a token")
        self._file = file
        self._stamp: object = None
        self._token = _checked_token("app_token", token) if token else ""
        if file:
            try:
                self._read()
            except OSError as e:
                raise SettingsError(f"app_token_file can't be read: {file}: {e.strerror}") from None

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
            token = f.read(4096).strip()
        if not token:
            text = "is empty: it must have an application token. signet tokens create makes one"
            raise SettingsError(f"app_token_file {self._file} {text}")
        self._token = _checked_token("app_token_file", token)
        self._stamp = stamp


def _checked_token(name: str, token: str) -> str:
    if not isinstance(token, str) or not re.fullmatch(r"sgat_[!-~]{1,500}", token):
        text = "which begins with sgat_; this is something else. signet tokens create makes one"
        raise SettingsError(f"{name} must be an application token, {text}")
    return token
