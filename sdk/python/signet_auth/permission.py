"""Names of permissions."""

from __future__ import annotations

import re

from .errors import SettingsError

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*(:[a-z0-9][a-z0-9._-]*)+")


def permission_name(name: str, audience: str) -> str:
    """The short name of a permission of this service. A name that no token can hold is a mistake in the program, not a refusal."""
    service, slash, short = name.rpartition("/") if isinstance(name, str) else ("", "", "")
    if slash and service != audience:
        raise SettingsError(f"permission {name!r}: only permissions of the service itself ({audience}) can be asked for")
    if not _NAME.fullmatch(short) or len(short) > 200:
        raise SettingsError(f"permission {name!r} is not of the form resource:action, in small letters and without wildcards")
    return short
