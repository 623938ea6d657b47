"""The gate's own word on tokens of this package: ``reelgate token inspect``."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from reelgate import mint_playback_token
from vectors import SECOND_SECRET, SECRET


def program() -> str:
    """``REELGATE_BIN``, else the one built in this repository, else the one on the path."""
    built = Path(__file__).parents[3] / "target/release/reelgate"
    found = os.environ.get("REELGATE_BIN") or (str(built) if built.is_file() else shutil.which("reelgate"))
    assert found, "there is no reelgate: run `cargo xtask build` first"
    return found


def inspect(token: str, secrets: str) -> dict[str, Any]:
    variables = {
        "SPIN_VARIABLE_PLAYBACK_TOKEN_SECRET": secrets,
        "SPIN_VARIABLE_S3_ENDPOINT": "http://127.0.0.1:1",
        "SPIN_VARIABLE_S3_BUCKET": "films",
    }
    told = subprocess.run(
        [program(), "token", "inspect", "--json", "-"],
        input=token,
        env=variables,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    answer: dict[str, Any] = json.loads(told.stdout)
    assert told.returncode == (0 if answer["verified"] else 1), told.stderr
    return answer


@pytest.mark.parametrize(
    "grant",
    [
        {"gid": "2025001"},
        {"gid": 2025001, "sub": "7"},
        {"gid": "Wände+(1) 100%~&=", "sub": "Zoë"},
        {"ent": ["nfl-*", "2025001"], "ttl": 1},
        {"gid": "a", "ent": ["*"]},
    ],
    ids=str,
)
def test_the_gate_takes_it(grant: dict[str, Any]) -> None:
    told = inspect(mint_playback_token(SECRET, **grant), SECRET)
    assert (told["playback"], told["session"]) == ("valid", "token_issuer")


def test_the_gate_takes_either_of_two_names() -> None:
    secrets = f"k2:{SECOND_SECRET},k1:{SECRET}"
    for kid in (None, "k1", "k2"):
        assert inspect(mint_playback_token(secrets, gid="7", kid=kid), secrets)["playback"] == "valid"
    assert inspect(mint_playback_token(SECRET, gid="7", kid="k9"), secrets)["playback"] == "token_signature"


def test_the_gate_sees_another_issuer_and_another_audience() -> None:
    assert inspect(mint_playback_token(SECRET, gid="7", issuer="other"), SECRET)["playback"] == "token_issuer"
    assert inspect(mint_playback_token(SECRET, gid="7", audience="other"), SECRET)["playback"] == "token_audience"
