"""The view, through Django's own client."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.test import Client, override_settings

from reelgate.django import playback_view
from vectors import SECRET


@pytest.fixture(scope="module", autouse=True)
def database() -> Iterator[None]:
    call_command("migrate", verbosity=0)
    yield
    User.objects.all().delete()


@pytest.fixture
def signed_in() -> Any:
    client = Client()
    client.force_login(User.objects.get_or_create(username="viewer")[0])
    return client


def test_who_may_watch_gets_a_url(signed_in: Any) -> None:
    before = int(time.time())
    answer = signed_in.get("/api/games/Wände 1/playback")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"
    assert answer["Cache-Control"] == "private, no-store"
    body = answer.json()
    assert set(body) == {"type", "url", "expires_at"} and body["type"] == "hls"
    url = urlsplit(body["url"])
    assert (url.scheme, url.netloc, url.path) == (
        "https",
        "video.portal.example",
        "/games/W%C3%A4nde%201/master.m3u8",
    )
    [token] = parse_qs(url.query)["t"]
    claims = jwt.decode(token, SECRET, algorithms=["HS256"], audience="reelgate-gate", issuer="reelgate-portal")
    assert claims["gid"] == "Wände 1"
    assert claims["sub"] == str(User.objects.get(username="viewer").pk)
    assert before + 600 <= claims["exp"] <= time.time() + 600
    ends = datetime.strptime(body["expires_at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    assert ends.timestamp() == claims["exp"]


def test_one_token_opens_all_that_a_viewer_may_watch(signed_in: Any) -> None:
    body = signed_in.get("/api/playback/session").json()
    assert set(body) == {"type", "token", "url_template", "expires_at"} and body["type"] == "session"
    assert body["url_template"] == f"https://video.portal.example/games/{{id}}/master.m3u8?t={body['token']}"
    claims = jwt.decode(
        body["token"], SECRET, algorithms=["HS256"], audience="reelgate-gate", issuer="reelgate-portal"
    )
    assert (claims["ent"], claims.get("gid")) == (["nfl-*", "2025001"], None)
    ends = datetime.strptime(body["expires_at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    assert ends.timestamp() == claims["exp"]
    newcomer = Client()
    newcomer.force_login(User.objects.get_or_create(username="newcomer")[0])
    answer = newcomer.get("/api/playback/session")
    assert (answer.status_code, answer.json()) == (403, {"error": "no_entitlements"})


def test_the_films_are_listed(signed_in: Any) -> None:
    answer = signed_in.get("/games.json")
    assert answer.json() == [{"id": "2025001"}, {"id": "2025002", "title": "Bremen at Leipzig"}]
    assert answer["Cache-Control"] == "private, no-store"


def test_the_page_knows_who_is_there_and_signs_them_out() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.get_or_create(username="viewer")[0])
    assert client.get("/api/session").json() == {"name": "viewer"}
    assert client.post("/api/session").status_code == 405
    assert client.delete("/api/session").status_code == 204
    assert client.get("/api/session").status_code == 401


@pytest.mark.parametrize("address", ["/games.json", "/api/session", "/api/playback/session"])
def test_nothing_is_told_without_a_sign_in(address: str) -> None:
    answer = Client().get(address)
    assert (answer.status_code, answer.json()) == (401, {"error": "signed_out"})
    assert answer["WWW-Authenticate"]


def test_who_is_not_signed_in_is_told_so() -> None:
    answer = Client().get("/api/games/7/playback")
    assert (answer.status_code, answer.json()) == (401, {"error": "signed_out"})
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["WWW-Authenticate"]


def test_who_may_not_watch_is_refused(signed_in: Any) -> None:
    answer = signed_in.get("/api/games/secret-game/playback")
    assert (answer.status_code, answer.json()) == (403, {"error": "forbidden"})


def test_a_callback_that_cannot_say_yes_says_no(signed_in: Any, recwarn: Any) -> None:
    with pytest.warns(RuntimeWarning, match="never awaited"):
        assert signed_in.get("/api/async/7/playback").status_code == 403


def test_what_is_no_game_is_not_found(signed_in: Any) -> None:
    answer = signed_in.get("/api/games/a%255Cb%25/playback")
    assert answer.status_code == 404
    assert answer.json() == {"error": "not_found"}
    assert signed_in.get("/api/games/nowhere/playback").status_code == 404


def test_only_reading_is_allowed(signed_in: Any) -> None:
    assert signed_in.head("/api/games/7/playback").status_code == 200
    answer = signed_in.post("/api/games/7/playback")
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (None, "missing"),
        ({"secret": "short", "video_origin": "https://v.example"}, "shorter than 32 bytes"),
        ({"secret": SECRET}, "video_origin"),
        ({"secret": SECRET, "video_origin": "v.example"}, "video_origin"),
        ({"secret": SECRET, "video_origin": "https://v.example", "ttl": 3600}, "1 to 900"),
        ({"secret": SECRET, "video_origin": "https://v.example", "lifetime": 1}, "lifetime"),
    ],
)
def test_bad_settings_are_told_at_the_start(fields: Any, says: str) -> None:
    with override_settings(REELGATE=fields), pytest.raises(ImproperlyConfigured, match=says) as refused:
        playback_view(lambda request, game_id: True)
    assert SECRET not in str(refused.value)
