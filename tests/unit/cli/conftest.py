"""What the tests of this folder share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.door import Door


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, own_log: None) -> Door:
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    return Door(monkeypatch)
