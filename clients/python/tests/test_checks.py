"""What `manage.py check` says."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import override_settings

from reelgate.django.checks import check_settings, check_sites
from reelgate.django.sites import same_site
from vectors import SECRET


def settings(**changes: Any) -> dict[str, Any]:
    return {"secret": SECRET, "video_origin": "https://video.portal.example", **changes}


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (None, "settings.REELGATE is missing"),
        ({"video_origin": "https://v.example"}, "secret"),
        (settings(secret="short"), "shorter than 32 bytes"),
        (settings(may_watch="portal_films.nothing"), "may_watch"),
        (settings(films=7), "films is a function"),
    ],
)
def test_settings_that_play_nothing_are_an_error(fields: Any, says: str) -> None:
    with override_settings(REELGATE=fields):
        [told] = check_settings(None)
        assert told.id == "reelgate.E001" and says in told.msg
        assert SECRET not in str(told)
        assert check_sites(None) == [], "one message is enough"
        # As a person runs it. The routes of the project do not load with such settings, and are not asked here.
        with pytest.raises(SystemCheckError, match="reelgate.E001"):
            call_command("check", tags=["security"], stdout=StringIO(), stderr=StringIO())


@pytest.mark.parametrize(
    ("hosts", "debug", "gate", "warned"),
    [
        (["portal.example"], False, "https://video.portal.example", False),
        ([".portal.example"], False, "https://video.portal.example", False),
        (["*"], False, "https://video.portal.example", False),
        (["portal.example", "other.example"], False, "https://video.portal.example", False),
        (["other.example"], False, "https://video.portal.example", True),
        (["localhost"], True, "http://127.0.0.1:8787", True),
        (["127.0.0.1"], True, "http://127.0.0.1:8787", False),
        ([], True, "http://127.0.0.1:8787", False),
        ([], True, "https://video.portal.example", True),
    ],
)
def test_a_gate_on_another_site_is_a_warning(hosts: list[str], debug: bool, gate: str, warned: bool) -> None:
    with override_settings(REELGATE=settings(video_origin=gate), ALLOWED_HOSTS=hosts, DEBUG=debug):
        told = check_sites(None)
    assert [message.id for message in told] == (["reelgate.W001"] if warned else [])


@pytest.mark.parametrize(
    ("page", "gate", "is_same"),
    [
        ("portal.example", "portal.example", True),
        ("www.portal.example", "video.portal.example", True),
        ("Portal.Example.", "video.portal.example", True),
        ("portal.example", "portal.other", False),
        ("localhost", "127.0.0.1", False),
        ("localhost", "localhost", True),
        ("10.0.0.1", "9.0.0.1", False),
        ("[::1]", "::1", True),
    ],
)
def test_a_site_is_what_a_browser_takes_for_one(page: str, gate: str, is_same: bool) -> None:
    assert same_site(page, gate) is is_same
