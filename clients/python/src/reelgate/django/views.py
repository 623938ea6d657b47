"""Views that answer what a portal's page asks for: who is signed in, which films there are, and how to play one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from ..errors import BadGrant
from ..playback import Playback
from .conf import Entitlements, Films, Permission, read_settings

Subject = Callable[[HttpRequest], str]
View = Callable[[HttpRequest, str], HttpResponse]
PlainView = Callable[[HttpRequest], HttpResponse]

_READING = ("GET", "HEAD")


def playback_view(
    permission: Permission,
    *,
    subject: Subject | None = None,
    playback: Playback | None = None,
) -> View:
    """A view for ``path("api/games/<str:game_id>/playback", playback_view(may_watch))``.

    It answers ``{"type": "hls", "url": …, "expires_at": …}``; 401 to who is not signed in, 403 where
    ``permission`` says no, 404 where there can be no such film. ``permission`` may raise ``Http404``.

    Args:
        permission: whether this request's user may watch the film.
        subject: the viewer's name in the gate's log; the user's primary key unless given.
        playback: how to mint; from ``settings.REELGATE`` unless given.

    Raises:
        ImproperlyConfigured: the settings are missing or unusable.
    """
    configured = playback or read_settings().playback
    name_of = subject or _primary_key

    def view(request: HttpRequest, game_id: str) -> HttpResponse:
        if refusal := _refused(request, _READING):
            return refusal
        # `is not True`: the coroutine of an `async def` would count as yes.
        if permission(request, game_id) is not True:
            return _json({"error": "forbidden"}, 403)
        try:
            answer = configured.answer(game_id, sub=name_of(request))
        except BadGrant:
            return _json({"error": "not_found"}, 404)
        return _json(dict(answer))

    return view


def playback_session_view(
    entitlements: Entitlements,
    *,
    subject: Subject | None = None,
    playback: Playback | None = None,
) -> PlainView:
    """A view for ``path("api/playback/session", …)``: one token for all films that a viewer may watch.

    It answers ``{"type": "session", "token": …, "url_template": …, "expires_at": …}`` as the gate's own route
    does; 401 to who is not signed in, 403 where ``entitlements`` gives no pattern.

    Args:
        entitlements: the patterns of this request's user: ids, or beginnings with one trailing ``*``.
        subject: as for :func:`playback_view`.
        playback: as for :func:`playback_view`.

    Raises:
        ImproperlyConfigured: the settings are missing or unusable.
    """
    configured = playback or read_settings().playback
    name_of = subject or _primary_key

    def view(request: HttpRequest) -> HttpResponse:
        if refusal := _refused(request, _READING):
            return refusal
        patterns = list(entitlements(request))
        if not patterns:
            return _json({"error": "no_entitlements"}, 403)
        return _json(dict(configured.session(patterns, sub=name_of(request))))

    return view


def films_view(films: Films) -> PlainView:
    """A view for ``path("games.json", films_view(films))``: the films that the page lists, 401 without a sign-in.

    An id is enough for each: the page asks the gate for title, date, duration and poster. What a dict says beside
    ``id`` stands in for a film of which the gate says nothing.
    """

    def view(request: HttpRequest) -> HttpResponse:
        if refusal := _refused(request, _READING):
            return refusal
        return _json([_entry(film) for film in films(request)])

    return view


def session_view(name: Subject | None = None) -> PlainView:
    """A view for ``path("api/session", session_view())``: ``{"name": …}`` of who is signed in, else 401.

    ``DELETE`` signs out. The user's own ``get_username()`` is the name unless ``name`` is given.
    """
    name_of = name or _username

    def view(request: HttpRequest) -> HttpResponse:
        if refusal := _refused(request, (*_READING, "DELETE")):
            return refusal
        if request.method == "DELETE":
            logout(request)
            return HttpResponse(status=204)
        return _json({"name": name_of(request)})

    # No other site's page can send a DELETE: a browser asks first, and nothing here allows it. The page has no
    # token of Django's to send.
    exempt: PlainView = csrf_exempt(view)
    return exempt


def _refused(request: HttpRequest, methods: tuple[str, ...]) -> HttpResponse | None:
    if request.method not in methods:
        return HttpResponseNotAllowed(methods)
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        # RFC 9110 §15.5.2 asks for a challenge with every 401.
        return _json({"error": "signed_out"}, 401, {"WWW-Authenticate": "Session"})
    return None


def _entry(film: str | Mapping[str, Any]) -> dict[str, Any]:
    return {"id": film} if isinstance(film, str) else dict(film)


def _primary_key(request: HttpRequest) -> str:
    return str(request.user.pk)


def _username(request: HttpRequest) -> str:
    return str(request.user.get_username())


def _json(body: object, status: int = 200, headers: dict[str, str] | None = None) -> JsonResponse:
    # The answer holds a token, or is of one viewer: no cache may keep it.
    kept = {"Cache-Control": "private, no-store", **(headers or {})}
    return JsonResponse(body, status=status, headers=kept, safe=False)
