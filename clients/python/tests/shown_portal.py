"""Visits to the portal that a document shows. It becomes `films/tests.py` of that portal."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from django.apps import apps
from django.contrib.auth.models import Permission, User
from django.test import TestCase

GAME = "Wände 1"
# Where playback is asked for: the package's route, and the document's own view where it has one.
ROUTES = os.environ["PLAYBACK_ROUTES"].split()


class Visits(TestCase):  # type: ignore[misc]
    def setUp(self) -> None:
        self.member = User.objects.create(username="member")
        self.member.user_permissions.add(Permission.objects.get(codename="watch"))
        self.guest = User.objects.create(username="guest")
        apps.get_model("films", "Film").objects.create(game_id=GAME)

    def test_nobody_plays_without_a_sign_in_or_a_permission(self) -> None:
        for route in ROUTES:
            self.assertEqual(self.client.get(f"/{route}/{GAME}/playback").status_code, 401)
        self.client.force_login(self.guest)
        for route in ROUTES:
            self.assertEqual(self.client.get(f"/{route}/{GAME}/playback").status_code, 403)

    def test_who_may_watch_gets_a_token_for_the_film(self) -> None:
        self.client.force_login(self.member)
        for route in ROUTES:
            answer = self.client.get(f"/{route}/{GAME}/playback")
            self.assertEqual(answer.status_code, 200)
            self.assertEqual(answer.json()["type"], "hls")
            url = urlsplit(answer.json()["url"])
            self.assertEqual(url.netloc, "video.portal.example")
            self.assertEqual(url.path, "/games/W%C3%A4nde%201/master.m3u8")
            self.assert_opens_the_film(parse_qs(url.query)["t"])

    def assert_opens_the_film(self, tokens: Any) -> None:
        [token] = tokens
        secret = os.environ["PLAYBACK_TOKEN_SECRET"]
        claims = jwt.decode(
            token, secret, algorithms=["HS256"], audience="reelgate-gate", issuer="reelgate-portal"
        )
        self.assertEqual((claims["gid"], claims["sub"]), (GAME, str(self.member.pk)))
        self.assertLessEqual(claims["exp"] - claims["iat"], 900)

    def test_the_page_is_told_of_films_and_viewer(self) -> None:
        self.client.force_login(self.member)
        self.assertEqual(self.client.get("/games.json").json(), [{"id": GAME}])
        self.assertEqual(self.client.get("/api/session").json(), {"name": "member"})
