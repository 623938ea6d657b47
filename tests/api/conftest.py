"""The world, and the description that its answers are held against."""

import copy
import sys
from pathlib import Path

import pytest
import schemathesis
import yaml

sys.path.insert(0, str(Path(__file__).parent))
from world import ROOT, World  # noqa: E402


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("up"))
    yield world
    world.close()


@pytest.fixture(scope="session")
def document():
    return yaml.safe_load((ROOT / "docs/reference/openapi.yaml").read_text())


@pytest.fixture(scope="session")
def described(document):
    return schemathesis.openapi.from_dict(copy.deepcopy(document))
