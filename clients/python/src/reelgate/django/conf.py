"""``settings.REELGATE``, read in one place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.utils.module_loading import import_string

from ..errors import ReelgateError
from ..playback import Playback

Permission = Callable[[HttpRequest, str], bool]
Films = Callable[[HttpRequest], Iterable["str | Mapping[str, Any]"]]
Entitlements = Callable[[HttpRequest], Iterable[str]]

#: What is said of the project, by function or by dotted path to one. All other keys are fields of ``Playback``.
_FUNCTIONS = ("may_watch", "films", "entitlements")


@dataclass(frozen=True)
class Settings:
    """What ``settings.REELGATE`` says."""

    #: ``secret``, ``video_origin`` and the other fields of :class:`reelgate.Playback`.
    playback: Playback
    #: Whether this request's user may watch a film: the function, or its dotted path.
    may_watch: Permission | None = None
    #: The films that the page lists for a request: ids, or dicts with an ``id`` and what else is known of each.
    films: Films | None = None
    #: Patterns of films that this request's user may watch, such as ``["nfl-*"]``.
    entitlements: Entitlements | None = None


def read_settings() -> Settings:
    """The settings as they are now.

    Raises:
        ImproperlyConfigured: they are missing or unusable. No message holds a secret.
    """
    given = getattr(settings, "REELGATE", None)
    if not isinstance(given, dict):
        raise ImproperlyConfigured('settings.REELGATE is missing: a dict with "secret" and "video_origin"')
    fields = {name: value for name, value in given.items() if name not in _FUNCTIONS}
    try:
        playback = Playback(**fields)
    except (ReelgateError, TypeError) as error:
        raise ImproperlyConfigured(f"settings.REELGATE: {error}") from None
    return Settings(playback, **{name: _function(name, given[name]) for name in _FUNCTIONS if name in given})


def _function(name: str, given: object) -> Any:
    try:
        found = import_string(given) if isinstance(given, str) else given
    except ImportError as error:
        raise ImproperlyConfigured(f"settings.REELGATE: {name}: {error}") from error
    if not callable(found):
        raise ImproperlyConfigured(f"settings.REELGATE: {name} is a function, or the dotted path to one")
    return found
