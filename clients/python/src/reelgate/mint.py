"""Minting playback tokens: HS256 JWTs that live minutes and open one film, or what patterns admit."""

from __future__ import annotations

import time
from collections.abc import Iterable

import jwt

from . import scope
from .errors import BadGrant
from .secret import signing_key

#: Longest life in seconds. A token travels in a URL, so it is seen by many.
MAX_TTL_SECONDS = 900
#: What ``iss`` is unless the gate is configured otherwise.
ISSUER = "reelgate-portal"
#: What ``aud`` is unless the gate is configured otherwise.
AUDIENCE = "reelgate-gate"
#: Longest token in bytes. The session that the gate makes of it says the same and must fit a cookie;
#: it refuses one of more than 3,800 bytes, of which names, attributes and a session id take the rest.
MAX_TOKEN_BYTES = 3600


def mint_playback_token(
    secret: str,
    *,
    gid: str | int | None = None,
    ent: Iterable[str] | None = None,
    sub: str | None = None,
    ttl: int = MAX_TTL_SECONDS,
    kid: str | None = None,
    issuer: str = ISSUER,
    audience: str = AUDIENCE,
    now: int | None = None,
) -> str:
    """A playback token.

    Args:
        secret: the gate's ``playback_token_secret``: one secret of 32 bytes or more, or ``k2:new,k1:old``,
            of which the first signs.
        gid: the film it opens.
        ent: instead of ``gid`` or beside it, the films it opens: ids, or beginnings with one trailing ``*``.
        sub: the viewer, for the gate's log and the session.
        ttl: its life in seconds, 1 to 900.
        kid: the name of the secret that signs, instead of the first.
        issuer: the gate's ``playback_token_issuer``.
        audience: the gate's ``playback_token_audience``.
        now: seconds since 1970, instead of the clock.

    Raises:
        BadSecret: the secret cannot be used; see :func:`reelgate.secret.signing_key`.
        BadGrant: the gate would refuse the token.
    """
    key = signing_key(secret, kid)
    issued = int(time.time()) if now is None else now
    claims = {
        **_who(sub),
        **_what(gid, ent),
        "iat": issued,
        "exp": issued + _life(ttl),
        "iss": _name("issuer", issuer),
        "aud": _name("audience", audience),
    }
    headers = None if key.kid is None else {"kid": key.kid}
    token = jwt.encode(claims, key.secret, algorithm="HS256", headers=headers)
    if len(token) > MAX_TOKEN_BYTES:
        raise BadGrant(f"the token has {len(token)} bytes, more than fit a session: give fewer or shorter patterns")
    return token


def _who(sub: str | None) -> dict[str, str]:
    if sub is None:
        return {}
    if not isinstance(sub, str):
        raise BadGrant(f"sub is a str, not {type(sub).__name__}: use str(user.pk)")
    return {"sub": sub}


def _what(gid: str | int | None, ent: Iterable[str] | None) -> dict[str, object]:
    if gid is None and ent is None:
        raise BadGrant("give gid, the film that the token opens, or ent, a list of patterns")
    claims: dict[str, object] = {}
    if gid is not None:
        claims["gid"] = scope.game_id(gid)
    if ent is not None:
        claims["ent"] = scope.patterns(ent)
    return claims


def _life(ttl: int) -> int:
    if isinstance(ttl, bool) or not isinstance(ttl, int) or not 1 <= ttl <= MAX_TTL_SECONDS:
        raise BadGrant(f"ttl is a whole number of seconds, 1 to {MAX_TTL_SECONDS}")
    return ttl


def _name(argument: str, value: str) -> str:
    if not isinstance(value, str) or not value:
        raise BadGrant(f"{argument} is a non-empty str")
    return value
