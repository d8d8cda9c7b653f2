"""What every test relies on: nothing of the machine's own settings shows through."""

from __future__ import annotations

import gc
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import textual.app
import textual.pilot
from hypothesis import HealthCheck, settings

from builders import TreeBuilder
from handles import Open
from idle import wait_for_idle
from logging_core import LoggingManager
from logging_core.write.handle import InstanceHandle
from matrix import FAULTS
from written import Clock

# A shell ignores it for what runs in the background, and that would be inherited.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A pilot waits after each key.
for waits in (textual.app, textual.pilot):
    vars(waits)["wait_for_idle"] = wait_for_idle

# A busy machine is no fault of the code, and what passed once passes again: whoever looks for more
# asks for other examples, with `--hypothesis-profile=search`.
_UNHURRIED: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow],
}
settings.register_profile("same", **_UNHURRIED, derandomize=True)
settings.register_profile("search", **_UNHURRIED)
settings.load_profile("same")

MAX_ID = 80
"""A longer text is no part of a test's name."""

ORCHESTRATOR_WRITTEN = Path(__file__).parent / "fixtures" / "orchestrator-written"
"""A tree that a real orchestrator's writer left behind."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test of a fault that nobody has listed is refused."""
    for item in items:
        unknown = {
            number for mark in item.iter_markers("fault") for number in mark.args
        } - FAULTS.keys()
        if unknown:
            raise pytest.UsageError(f"{item.nodeid}: no such fault: {', '.join(sorted(unknown))}")


def pytest_collection_finish() -> None:
    """What is there for all tests is no garbage of any, and is not looked through for it."""
    gc.collect()
    gc.freeze()


def pytest_make_parametrize_id(val: object) -> str | None:
    """What is too long to be read names no test: its beginning and its length do."""
    if not isinstance(val, str | bytes | int):
        return None
    text = str(val) if isinstance(val, int) else val
    return f"{text[:20]!a}... {len(text)}" if len(text) > MAX_ID else None


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where each test has a home; pytest, which numbers what it makes, counts all there are."""
    return tmp_path_factory.mktemp("homes")


@pytest.fixture(autouse=True)
def _neutral_environment(monkeypatch: pytest.MonkeyPatch, _homes: Path) -> None:
    home = tempfile.mkdtemp(dir=_homes)  # nobody's settings are read, nobody's state is written
    for name in ("CONFIG", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", f"{home}/{name.lower()}")
    monkeypatch.setenv("TERM", "xterm-256color")  # fewer colours are drawn in others
    for name in list(os.environ):
        ours = name in {"NO_COLOR", "LOG_DIR", "LOG_LEVEL", "COLUMNS"}
        if ours or (name.startswith("TEXTUAL_") and not name.startswith("TEXTUAL_SNAPSHOT")):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def trees() -> Iterator[Path]:
    """Where trees are made.

    It is not below `tmp_path`: whenever pytest starts, it takes from everyone else the right to
    reach that, also from the runs that are under way.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        Path(directory).chmod(0o711)
        yield Path(directory)


@pytest.fixture
def tree(trees: Path) -> TreeBuilder:
    """An empty tree to write into, alone in a directory."""
    return TreeBuilder(Path(tempfile.mkdtemp(dir=trees)) / "logs")


@pytest.fixture
def real_tree() -> Path:
    """The root of the tree that a real orchestrator wrote."""
    return ORCHESTRATOR_WRITTEN


@pytest.fixture
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Where clocks are put forward and back once a year."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def farthest_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Where every day begins first."""
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def clock() -> Clock:
    """The clock of `manager`."""
    return Clock()


@pytest.fixture
def manager(tmp_path: Path, clock: Clock) -> Iterator[LoggingManager]:
    """Writes below `tmp_path`; the handlers that a test adds to its loggers are taken off again."""
    made = LoggingManager(tmp_path / "logs", clock=clock)
    handlers = {
        logger: logger.handlers[:] for logger in (made.orchestrator_logger, made.audit_logger)
    }
    yield made
    made.close()
    for logger, ours in handlers.items():
        for handler in [h for h in logger.handlers if h not in ours]:
            logger.removeHandler(handler)


@pytest.fixture
def open_handle(manager: LoggingManager) -> Open:
    """Opens handles whose messages are numbered."""
    numbers = count(1)

    def make(instance_id: str = "a", name: str | None = "Ada") -> InstanceHandle:
        def make_id() -> str:
            return f"msg-{next(numbers):03d}"

        return manager.instance(instance_id, name, make_id=make_id)

    return make


@pytest.fixture
def agent(open_handle: Open) -> InstanceHandle:
    """The handle of one instance."""
    return open_handle()
