"""Playback tokens for reelgate: a portal's back end mints them, the gate swaps them for sessions."""

from .errors import BadGrant, BadSecret, ReelgateError
from .mint import MAX_TTL_SECONDS, mint_playback_token
from .playback import Playback, PlaybackAnswer, PlaybackSessionAnswer

__all__ = [
    "MAX_TTL_SECONDS",
    "BadGrant",
    "BadSecret",
    "Playback",
    "PlaybackAnswer",
    "PlaybackSessionAnswer",
    "ReelgateError",
    "mint_playback_token",
]
