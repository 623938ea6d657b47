"""``manage.py check``: what would be noticed by viewers otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ImproperlyConfigured

from .conf import read_settings
from .sites import same_site

#: What Django lets in while ``DEBUG`` is on and ``ALLOWED_HOSTS`` is empty.
_DEBUG_HOSTS = ["localhost", "127.0.0.1", "::1"]


def check_settings(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """``reelgate.E001``: no film can play with these settings."""
    try:
        read_settings()
    except ImproperlyConfigured as error:
        hint = "The secret is the gate's playback_token_secret: 32 bytes or more, from the environment."
        return [Error(str(error), hint=hint, id="reelgate.E001")]
    return []


def check_sites(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """``reelgate.W001``: browsers keep the gate's cookie out of these pages."""
    try:
        gate = urlsplit(read_settings().playback.video_origin).hostname or ""
    except ImproperlyConfigured:
        return []
    hosts = list(settings.ALLOWED_HOSTS) or (_DEBUG_HOSTS if settings.DEBUG else [])
    pages = [host.removeprefix(".") for host in hosts if host != "*"]
    if not pages or any(same_site(page, gate) for page in pages):
        return []
    return [
        Warning(
            f"The gate is at {gate}, which is another site to a browser than {', '.join(pages)}.",
            hint=(
                "Browsers may keep the gate's cookie out. reelgate-client then puts the session into the path by "
                "itself; other players are refused after the first playlist. Give the gate a name below the "
                "pages' own, or take the same of localhost and 127.0.0.1 for both."
            ),
            id="reelgate.W001",
        )
    ]
