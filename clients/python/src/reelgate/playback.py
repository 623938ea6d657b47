"""The answer that a portal's page needs to play a film, whatever the web framework."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Literal, TypedDict
from urllib.parse import urlsplit

from .errors import ReelgateError
from .mint import AUDIENCE, ISSUER, MAX_TTL_SECONDS, mint_playback_token
from .scope import game_path


class PlaybackAnswer(TypedDict):
    """What the page gets, as JSON."""

    type: Literal["hls"]
    #: The master playlist with the token in its query.
    url: str
    #: When the token ends: RFC 3339, UTC.
    expires_at: str


class PlaybackSessionAnswer(TypedDict):
    """What the page gets for all films at once, as JSON."""

    type: Literal["session"]
    token: str
    #: The master playlist of the film ``{id}``, percent-encoded (RFC 6570), with the token in its query.
    url_template: str
    #: When the token ends: RFC 3339, UTC.
    expires_at: str


@dataclass(frozen=True)
class Playback:
    """How tokens are minted, and where the gate is. Made once, and checked then.

    Raises:
        ReelgateError: the secret, the time to live or the origin is unusable.
    """

    #: As for :func:`reelgate.mint_playback_token`. Not in ``repr``.
    secret: str = field(repr=False)
    #: The gate's scheme, host and port: ``https://video.portal.example``.
    video_origin: str
    ttl: int = MAX_TTL_SECONDS
    kid: str | None = None
    issuer: str = ISSUER
    audience: str = AUDIENCE

    def __post_init__(self) -> None:
        _check_origin(self.video_origin)
        self._mint(0, None, gid="0")

    def answer(self, game_id: str | int, *, sub: str | None = None, now: int | None = None) -> PlaybackAnswer:
        """The answer for one film and one viewer, who has been found to have the right to watch it.

        Raises:
            BadGrant: there can be no film with that id, or ``sub`` is no text.
        """
        issued = _now(now)
        token = self._mint(issued, sub, gid=game_id)
        return {
            "type": "hls",
            "url": f"{self.video_origin}{game_path(game_id)}master.m3u8?t={token}",
            "expires_at": self._ends(issued),
        }

    def session(
        self, entitlements: Iterable[str], *, sub: str | None = None, now: int | None = None
    ) -> PlaybackSessionAnswer:
        """The answer for all films that ``entitlements`` admit, and one viewer.

        Raises:
            BadGrant: a pattern admits nothing, there are none or too many, or ``sub`` is no text.
        """
        issued = _now(now)
        token = self._mint(issued, sub, ent=entitlements)
        return {
            "type": "session",
            "token": token,
            "url_template": f"{self.video_origin}/games/{{id}}/master.m3u8?t={token}",
            "expires_at": self._ends(issued),
        }

    def _ends(self, issued: int) -> str:
        return datetime.fromtimestamp(issued + self.ttl, tz=timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _mint(
        self, now: int, sub: str | None, *, gid: str | int | None = None, ent: Iterable[str] | None = None
    ) -> str:
        return mint_playback_token(
            self.secret,
            gid=gid,
            ent=ent,
            sub=sub,
            ttl=self.ttl,
            kid=self.kid,
            issuer=self.issuer,
            audience=self.audience,
            now=now,
        )


def _now(given: int | None) -> int:
    return int(time.time()) if given is None else given


def _check_origin(origin: str) -> None:
    parts = urlsplit(origin)
    whole = f"{parts.scheme}://{parts.netloc}"
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or origin != whole:
        raise ReelgateError("video_origin is a scheme, a host and perhaps a port, such as https://video.portal.example")
