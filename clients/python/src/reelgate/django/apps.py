"""The app, which is there for its checks."""

from __future__ import annotations

from django.apps import AppConfig
from django.core import checks


class ReelgateConfig(AppConfig):  # type: ignore[misc]  # Django brings no types
    """``reelgate.django`` in ``INSTALLED_APPS``."""

    name = "reelgate.django"
    label = "reelgate"
    verbose_name = "reelgate"

    def ready(self) -> None:
        from .checks import check_settings, check_sites

        checks.register(check_settings, checks.Tags.security)
        checks.register(check_sites, checks.Tags.security)
