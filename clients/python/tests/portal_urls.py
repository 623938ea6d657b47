"""The routes of the test's portal."""

from django.http import HttpRequest
from django.urls import include, path

from reelgate.django import playback_view


async def never_awaited(request: HttpRequest, game_id: str) -> bool:
    return False


urlpatterns = [
    path("", include("reelgate.django.urls")),
    # The wrong kind of callback, which a type checker refuses.
    path("api/async/<str:game_id>/playback", playback_view(never_awaited)),  # type: ignore[arg-type]
]
