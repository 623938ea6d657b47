"""The Python that documents show, in a portal that Django makes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import jwt
import pytest

from vectors import SECRET

ROOT = Path(__file__).parents[3]
TUTORIAL = ROOT / "docs/tutorials/django.md"
README = ROOT / "clients/python/README.md"

# Seconds until a command of Django's has ended.
PATIENCE = 120

# What a reader has: an app of films with a permission of its own.
MODELS = """
from django.db import models


class Film(models.Model):
    game_id = models.CharField(max_length=128)

    class Meta:
        permissions = [("watch", "May watch")]
"""
APP = """
INSTALLED_APPS += ["films"]
"""

# Where the view that needs no package is put.
OWN_VIEW = """
from portal.views import playback

urlpatterns.append(path("api/own/<str:game_id>/playback", playback))
"""


def blocks(document: Path) -> list[str]:
    """The Python blocks of a document."""
    return re.findall(r"^```python\n(.*?)^```", document.read_text(), re.DOTALL | re.MULTILINE)


def files(document: Path) -> dict[str, str]:
    """What a document's blocks say is in which file, told by a comment at the head of each."""
    found: dict[str, str] = {}
    for block in blocks(document):
        parts = re.split(r"^# ([\w/]+\.py).*\n", block, flags=re.MULTILINE)
        found.update(zip(parts[1::2], parts[2::2], strict=True))
    return found


def run(project: Path, *arguments: str, **variables: str) -> None:
    paths = [str(project), os.environ.get("PYTHONPATH", ""), *sys.path]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), **variables}
    told = subprocess.run(
        [sys.executable, "-B", *arguments],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.parametrize("document", [TUTORIAL, README], ids=lambda it: it.name)
def test_a_portal_as_it_is_shown_plays(document: Path, tmp_path: Path) -> None:
    shown = files(document)
    assert {"portal/settings.py", "portal/films.py", "portal/urls.py"} <= set(shown)
    run(tmp_path, "-m", "django", "startproject", "portal", ".")
    settings = tmp_path / "portal/settings.py"
    shown["portal/settings.py"] = settings.read_text() + APP + shown["portal/settings.py"]
    routes = "api/games"
    if "portal/views.py" in shown:
        shown["portal/urls.py"] += OWN_VIEW
        routes += " api/own"
    (tmp_path / "films").mkdir()
    shown["films/models.py"] = MODELS
    shown["films/tests.py"] = Path(__file__).with_name("shown_portal.py").read_text()
    for name, content in shown.items():
        (tmp_path / name).write_text(content)
    variables = {"PLAYBACK_TOKEN_SECRET": SECRET, "PLAYBACK_ROUTES": routes}
    run(tmp_path, "manage.py", "check", **variables)
    run(tmp_path, "manage.py", "test", "films", **variables)


def test_a_token_as_it_is_shown_is_the_film_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYBACK_TOKEN_SECRET", SECRET)
    [block] = [block for block in blocks(README) if not block.startswith("# ")]
    told: dict[str, str] = {}
    exec(compile(block, str(README), "exec"), told)
    claims = jwt.decode(told["token"], SECRET, algorithms=["HS256"], audience="reelgate-gate")
    assert (claims["gid"], claims["sub"]) == ("2025001", "a user's id")
    assert told["url"].endswith(f"/games/2025001/master.m3u8?t={told['token']}")
