"""A Django view that answers a page's question for a film.

Settings::

    REELGATE = {
        "secret": os.environ["PLAYBACK_TOKEN_SECRET"],
        "video_origin": "https://video.portal.example",
    }

Further keys are the other fields of :class:`reelgate.Playback`.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse

from .errors import BadGrant, ReelgateError
from .playback import Playback

Permission = Callable[[HttpRequest, str], bool]
Subject = Callable[[HttpRequest], str]
View = Callable[[HttpRequest, str], HttpResponse]


def playback_view(
    permission: Permission,
    *,
    subject: Subject | None = None,
    playback: Playback | None = None,
) -> View:
    """A view for ``path("api/games/<str:game_id>/playback", playback_view(may_watch))``.

    It answers ``{"type": "hls", "url": …, "expires_at": …}``; 401 to who is not signed in, 403 where
    ``permission`` says no, 404 where there can be no such game. ``permission`` may raise ``Http404``.

    Args:
        permission: whether this request's user may watch the game.
        subject: the viewer's name in the gate's log; the user's primary key unless given.
        playback: how to mint; from ``settings.REELGATE`` unless given.

    Raises:
        ImproperlyConfigured: the settings are missing or unusable.
    """
    configured = playback or _from_settings()
    name_of = subject or _primary_key

    def view(request: HttpRequest, game_id: str) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        user = getattr(request, "user", None)
        if user is None or not user.is_authenticated:
            # RFC 9110 §15.5.2 asks for a challenge with every 401.
            return _json({"error": "signed_out"}, 401, {"WWW-Authenticate": "Session"})
        # `is not True`: the coroutine of an `async def` would count as yes.
        if permission(request, game_id) is not True:
            return _json({"error": "forbidden"}, 403)
        try:
            answer = configured.answer(game_id, sub=name_of(request))
        except BadGrant:
            return _json({"error": "not_found"}, 404)
        return _json(dict(answer), 200)

    return view


def _from_settings() -> Playback:
    fields = getattr(settings, "REELGATE", None)
    if not isinstance(fields, dict):
        raise ImproperlyConfigured('settings.REELGATE is missing: a dict with "secret" and "video_origin"')
    try:
        return Playback(**fields)
    except (ReelgateError, TypeError) as error:
        raise ImproperlyConfigured(f"settings.REELGATE: {error}") from None


def _primary_key(request: HttpRequest) -> str:
    return str(request.user.pk)


def _json(body: dict[str, object], status: int, headers: dict[str, str] | None = None) -> JsonResponse:
    # The answer holds a token: no cache may keep it.
    return JsonResponse(body, status=status, headers={"Cache-Control": "private, no-store", **(headers or {})})
