"""What a person gets who installs the wheel."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def test_the_wheel_has_the_licence_the_types_and_the_app(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=PACKAGE,
        check=True,
        capture_output=True,
        timeout=120,
    )
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        files = set(archive.namelist())
        [licence] = [name for name in files if name.endswith("/LICENSE")]
        assert archive.read(licence) == (PACKAGE.parents[1] / "LICENSE").read_bytes()
    assert {"reelgate/py.typed", "reelgate/django/urls.py", "reelgate/django/apps.py"} <= files
