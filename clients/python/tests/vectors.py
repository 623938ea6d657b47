"""The project's vectors: tokens minted by a portal, with the time to verify at and the outcome."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TypedDict


class Vector(TypedDict):
    name: str
    token: str
    now: int
    game_id: str
    expect: str
    secrets: str


def _read() -> tuple[str, str, list[Vector]]:
    file = Path(os.environ.get("REELGATE_VECTORS", Path(__file__).parents[3] / "tests/vectors.json"))
    document = json.loads(file.read_text())
    return document["secret"], document["second_secret"], document["playback_tokens"]


SECRET, SECOND_SECRET, _VECTORS = _read()
VECTORS = {vector["name"]: vector for vector in _VECTORS}
