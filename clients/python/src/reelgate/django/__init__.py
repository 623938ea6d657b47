"""Reelgate in a Django project: views for a portal's page, and checks of the settings.

Settings::

    INSTALLED_APPS = [..., "reelgate.django"]
    REELGATE = {
        "secret": os.environ["PLAYBACK_TOKEN_SECRET"],
        "video_origin": "https://video.portal.example",
        "may_watch": "portal.films.may_watch",
        "films": "portal.films.films",
    }

``include("reelgate.django.urls")`` has all routes that the page asks for; :mod:`reelgate.django.views` has each by
itself. :class:`reelgate.django.conf.Settings` says what else ``REELGATE`` may hold.
"""

from .views import playback_view

__all__ = ["playback_view"]
