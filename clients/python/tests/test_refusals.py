"""What is refused before it is minted, and in which words."""

from __future__ import annotations

from typing import Any

import pytest

from reelgate import BadGrant, BadSecret, Playback, ReelgateError, mint_playback_token
from reelgate.secret import signing_key
from vectors import SECOND_SECRET, SECRET


@pytest.mark.parametrize(
    ("secret", "kid", "says"),
    [
        ("", None, "empty name or secret in entry 1"),
        ("x" * 31, None, "shorter than 32 bytes"),
        (f"k1:{SECRET},k2:short", None, "entry 2 is shorter than 32 bytes"),
        (f":{SECRET}", None, "empty name or secret"),
        (f"k1:{SECRET}:more", None, "a second `:`"),
        (f"{SECRET},{SECOND_SECRET}", None, "entry 1 has no name"),
        (f"k1:{SECRET},{SECOND_SECRET}", None, "entry 2 has no name"),
        (f"k1:{SECRET},k1:{SECOND_SECRET}", None, "name of an earlier one"),
        (f"k1:{SECRET},", None, "empty name or secret in entry 2"),
        (f"k1:{SECRET}", "k9", "no secret has the name"),
        (SECRET, "", "kid is empty"),
        (SECRET.encode(), None, "must be a str, not bytes"),
    ],
)
def test_an_unusable_secret(secret: Any, kid: str | None, says: str) -> None:
    with pytest.raises(BadSecret, match=says) as refused:
        mint_playback_token(secret, gid="7", kid=kid)
    assert SECRET not in str(refused.value) and SECOND_SECRET not in str(refused.value)


def test_thirty_two_bytes_are_enough_and_counted_as_utf_8() -> None:
    assert mint_playback_token("x" * 32, gid="7")
    assert mint_playback_token("é" * 16, gid="7")


def test_blanks_around_names_and_secrets_are_dropped() -> None:
    key = signing_key(f" k2 : {SECOND_SECRET} , k1 : {SECRET}\n")
    assert (key.kid, key.secret) == ("k2", SECOND_SECRET)


def test_a_secret_is_not_shown() -> None:
    assert repr(signing_key(SECRET)) == "[secret]"
    assert SECRET not in repr(Playback(SECRET, "https://video.portal.example"))


@pytest.mark.parametrize(
    ("grant", "says"),
    [
        ({}, "give gid"),
        ({"gid": ""}, "1 to 128 bytes"),
        ({"gid": "é" * 65}, "1 to 128 bytes"),
        ({"gid": ".."}, "not `.` or `..`"),
        ({"gid": "a/b"}, "no slash"),
        ({"gid": "a\\b"}, "no slash"),
        ({"gid": "a\nb"}, "no slash"),
        ({"gid": "a\x7fb"}, "no slash"),
        ({"gid": "a%2Fb"}, "percent escape"),
        ({"gid": True}, "not bool"),
        ({"gid": "\ud800"}, "Unicode"),
        ({"ent": "nfl-*"}, "not one string"),
        ({"ent": []}, "1 to 64 patterns"),
        ({"ent": ["a"] * 65}, "1 to 64 patterns"),
        ({"ent": ["nfl-*-w1"]}, "at the end"),
        ({"ent": [7]}, "non-empty str"),
        ({"ent": [f"{n:02}{'x' * 120}" for n in range(60)]}, "fewer or shorter patterns"),
        ({"gid": "7", "sub": 7}, "str(user.pk)".replace("(", r"\(").replace(")", r"\)")),
        ({"gid": "7", "ttl": 0}, "1 to 900"),
        ({"gid": "7", "ttl": 901}, "1 to 900"),
        ({"gid": "7", "ttl": 60.5}, "1 to 900"),
        ({"gid": "7", "issuer": ""}, "issuer"),
        ({"gid": "7", "audience": None}, "audience"),
    ],
)
def test_a_grant_that_the_gate_would_refuse(grant: dict[str, Any], says: str) -> None:
    with pytest.raises(BadGrant, match=says):
        mint_playback_token(SECRET, **grant)


@pytest.mark.parametrize(
    "origin",
    ["", "video.portal.example", "https://video.portal.example/", "https://v.example/x", "ftp://v.example", "https://a@b"],
)
def test_an_origin_is_one(origin: str) -> None:
    with pytest.raises(ReelgateError, match="video_origin"):
        Playback(SECRET, origin)
