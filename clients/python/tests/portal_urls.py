"""The routes of the test's portal."""

from django.http import Http404, HttpRequest
from django.urls import path

from reelgate.django import playback_view


def may_watch(request: HttpRequest, game_id: str) -> bool:
    if game_id == "nowhere":
        raise Http404
    return game_id != "secret-game"


async def never_awaited(request: HttpRequest, game_id: str) -> bool:
    return False


urlpatterns = [
    path("api/games/<str:game_id>/playback", playback_view(may_watch)),
    # The wrong kind of callback, which a type checker refuses.
    path("api/async/<str:game_id>/playback", playback_view(never_awaited)),  # type: ignore[arg-type]
]
