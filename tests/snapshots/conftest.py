"""What more than one file of pictures shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from logging_core.demo import write_history
from pictures import NOW_S


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An hour of the demo fleet, the same every time."""
    root = tmp_path_factory.mktemp("demo") / "madrox_logs"
    write_history(root, until_s=NOW_S)
    return root
