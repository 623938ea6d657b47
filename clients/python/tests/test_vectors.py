"""Tokens of this package against those of the vectors."""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from reelgate import mint_playback_token
from reelgate.secret import signing_key
from vectors import SECOND_SECRET, SECRET, VECTORS, Vector

ISSUED = 1_760_000_000


def claims_by_pyjwt(vector: Vector) -> dict[str, Any]:
    """The claims, as PyJWT reads them at the vector's time with the key that this package picks."""
    kid = jwt.get_unverified_header(vector["token"]).get("kid")
    key = signing_key(vector["secrets"], kid)
    options: Any = {"require": ["exp"], "verify_exp": False, "verify_nbf": False, "verify_iat": False}
    claims: dict[str, Any] = jwt.decode(
        vector["token"],
        key.secret,
        algorithms=["HS256"],
        issuer="reelgate-portal",
        audience="reelgate-gate",
        options=options,
    )
    if vector["now"] >= claims["exp"]:
        raise jwt.ExpiredSignatureError
    return claims


@pytest.mark.parametrize("vector", [v for v in VECTORS.values() if v["expect"] == "ok"], ids=lambda v: v["name"])
def test_a_good_token_is_one_for_pyjwt(vector: Vector) -> None:
    assert claims_by_pyjwt(vector)["exp"] == ISSUED + 900


@pytest.mark.parametrize(
    "name",
    ["expired_at_exp", "aud_wrong", "iss_wrong", "secret_wrong", "alg_none", "alg_hs512", "no_exp"]
    + ["tampered_payload", "two_parts", "four_parts", "session_as_token"],
)
def test_a_bad_token_is_none_for_pyjwt(name: str) -> None:
    with pytest.raises(jwt.InvalidTokenError):
        claims_by_pyjwt(VECTORS[name])


def test_the_same_grant_gives_the_same_token() -> None:
    assert mint_playback_token(SECRET, gid="2025001", sub="user_2abc", now=ISSUED) == VECTORS["valid"]["token"]
    assert mint_playback_token(SECRET, gid=2025001, sub="user_2abc", now=ISSUED) == VECTORS["valid"]["token"]


@pytest.mark.parametrize(("name", "patterns"), [("ent_prefix", ["nfl-*"]), ("ent_all", ["*"])])
def test_patterns_give_the_same_claims(name: str, patterns: list[str]) -> None:
    vector = VECTORS[name]
    token = mint_playback_token(SECRET, ent=patterns, sub="user_2abc", now=ISSUED)
    assert claims_by_pyjwt({**vector, "token": token}) == claims_by_pyjwt(vector)


@pytest.mark.parametrize(
    ("secrets", "kid"),
    [
        (f"k2:{SECOND_SECRET},k1:{SECRET}", None),
        (f"k1:{SECRET},k2:{SECOND_SECRET}", "k2"),
        (SECOND_SECRET, "k2"),
    ],
)
def test_a_named_secret_signs_with_its_name(secrets: str, kid: str | None) -> None:
    token = mint_playback_token(secrets, gid="2025001", sub="user_2abc", kid=kid, now=ISSUED)
    assert token == VECTORS["kid_second_secret"]["token"]
