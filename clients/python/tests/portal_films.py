"""What the test's portal knows of its films."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.http import Http404, HttpRequest


def may_watch(request: HttpRequest, game_id: str) -> bool:
    if game_id == "nowhere":
        raise Http404
    return game_id != "secret-game"


def films(request: HttpRequest) -> Iterable[str | Mapping[str, Any]]:
    yield "2025001"
    yield {"id": "2025002", "title": "Bremen at Leipzig"}


def entitlements(request: HttpRequest) -> list[str]:
    return [] if request.user.get_username() == "newcomer" else ["nfl-*", "2025001"]
