"""Which films a token opens: claim ``gid``, claim ``ent``, or both."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

from .errors import BadGrant

#: Longest id of a film in bytes, as the gate has it.
MAX_GAME_ID_BYTES = 128
#: Most patterns in one ``ent``: the gate compares each on every request.
MAX_PATTERNS = 64

_ESCAPE = re.compile("%[0-9A-Fa-f]{2}")


def game_id(value: str | int) -> str:
    """The id as text.

    Raises:
        BadGrant: the gate knows no film with such an id. It has 1 to 128 bytes and is not ``.`` or ``..``;
            slashes, backslashes, control characters and percent escapes are not in it.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise BadGrant(f"a film's id is a str or an int, not {type(value).__name__}")
    text = str(value)
    if not 0 < len(_utf8(text)) <= MAX_GAME_ID_BYTES:
        raise BadGrant(f"a film's id has 1 to {MAX_GAME_ID_BYTES} bytes")
    if text in (".", "..") or _ESCAPE.search(text) or any(map(_is_forbidden, text)):
        raise BadGrant(
            "a film's id is not `.` or `..` and holds no slash, backslash, control character or percent escape"
        )
    return text


def game_path(value: str | int) -> str:
    """The path under which the gate serves the game: ``/games/{id}/``, escaped.

    Raises:
        BadGrant: as :func:`game_id`.
    """
    return f"/games/{quote(game_id(value), safe='')}/"


def patterns(values: Iterable[str]) -> list[str]:
    """The patterns as a list.

    Raises:
        BadGrant: there are none or more than 64, one is no text or empty, or has a ``*`` that is not its
            only one at the end. Such a pattern would admit nothing.
    """
    if isinstance(values, (str, bytes)):
        raise BadGrant('ent is a list of patterns, such as ["nfl-*"], not one string')
    found = list(values)
    if not 0 < len(found) <= MAX_PATTERNS:
        raise BadGrant(f"ent holds 1 to {MAX_PATTERNS} patterns")
    for pattern in found:
        if not isinstance(pattern, str) or not pattern:
            raise BadGrant("each pattern of ent is a non-empty str")
        if "*" in pattern[:-1]:
            raise BadGrant("a pattern of ent has at most one `*`, and it stands at the end")
        _utf8(pattern)
    return found


def _is_forbidden(character: str) -> bool:
    return character in "/\\" or ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise BadGrant("a film's id or pattern is not valid Unicode") from None
