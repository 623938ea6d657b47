"""A small Django project."""

import django
from django.conf import settings

from vectors import SECRET

settings.configure(
    SECRET_KEY="not-for-production",
    ALLOWED_HOSTS=["testserver"],
    ROOT_URLCONF="portal_urls",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "reelgate.django",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    REELGATE={
        "secret": SECRET,
        "video_origin": "https://video.portal.example",
        "ttl": 600,
        "may_watch": "portal_films.may_watch",
        "films": "portal_films.films",
        "entitlements": "portal_films.entitlements",
    },
)
django.setup()
