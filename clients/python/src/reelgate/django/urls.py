"""All that a portal's page asks for, at the addresses where it looks by default.

``path("", include("reelgate.django.urls"))``
"""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured
from django.urls import URLPattern, path

from .conf import Settings, read_settings
from .views import films_view, playback_session_view, playback_view, session_view


def _patterns(configured: Settings) -> list[URLPattern]:
    if configured.may_watch is None:
        raise ImproperlyConfigured('settings.REELGATE: "may_watch" is missing: who may watch which film')
    playback = configured.playback
    routes = [
        path("api/session", session_view(), name="reelgate-session"),
        path(
            "api/games/<str:game_id>/playback",
            playback_view(configured.may_watch, playback=playback),
            name="reelgate-playback",
        ),
    ]
    if configured.films is not None:
        routes.append(path("games.json", films_view(configured.films), name="reelgate-films"))
    if configured.entitlements is not None:
        view = playback_session_view(configured.entitlements, playback=playback)
        routes.append(path("api/playback/session", view, name="reelgate-playback-session"))
    return routes


urlpatterns = _patterns(read_settings())
