"""The secret shared with the gate, in the form of its variable ``playback_token_secret``."""

from __future__ import annotations

from .errors import BadSecret

#: Shortest secret in bytes: the length of the hash (RFC 7518 §3.2).
MIN_SECRET_BYTES = 32


class Key:
    """One secret and its name. ``repr`` shows neither."""

    __slots__ = ("kid", "secret")

    def __init__(self, kid: str | None, secret: str) -> None:
        self.kid = kid
        self.secret = secret

    def __repr__(self) -> str:
        return "[secret]"


def signing_key(text: str, kid: str | None = None) -> Key:
    """The key that signs: the first of ``text``, or the one named ``kid``.

    ``text`` is one plain secret or ``k2:new,k1:old``. A plain secret has no name of its own; ``kid`` then
    says what the gate calls it.

    Raises:
        BadSecret: a secret is shorter than 32 bytes or holds ``:``, one of several has no name, two have
            the same, or none is named ``kid``.
    """
    keys = _parse(text)
    if kid is None:
        return keys[0]
    if not kid.strip():
        raise BadSecret("kid is empty")
    if len(keys) == 1 and keys[0].kid is None:
        return Key(kid, keys[0].secret)
    for key in keys:
        if key.kid == kid:
            return key
    raise BadSecret("no secret has the name given as kid")


def _parse(text: str) -> list[Key]:
    if not isinstance(text, str):
        raise BadSecret(f"the secret must be a str, not {type(text).__name__}")
    keys = [_entry(entry, part) for entry, part in enumerate(text.split(","), start=1)]
    names = [key.kid for key in keys]
    for entry, name in enumerate(names, start=1):
        if name is None and len(keys) > 1:
            raise BadSecret(f"the secret in entry {entry} has no name; several read name1:secret1,name2:secret2")
        if name in names[: entry - 1]:
            raise BadSecret(f"the secret in entry {entry} has the name of an earlier one")
    return keys


def _entry(entry: int, text: str) -> Key:
    name, colon, secret = text.partition(":")
    if not colon:
        name, secret = "", name
    name, secret = name.strip(), secret.strip()
    if not secret or (colon and not name):
        raise BadSecret(f"an empty name or secret in entry {entry}")
    if ":" in secret:
        raise BadSecret(f"a second `:` in entry {entry}; a secret holds no `:` and no `,`")
    if len(secret.encode()) < MIN_SECRET_BYTES:
        raise BadSecret(
            f"the secret in entry {entry} is shorter than {MIN_SECRET_BYTES} bytes; "
            "`openssl rand -hex 32` makes a good one"
        )
    return Key(name if colon else None, secret)
