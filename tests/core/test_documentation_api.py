"""The documentation holds: the code that it asks and configures with runs.

See `documented` for where it is from, and for what it is run on.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from documented import (
    EVENTS,
    GET_AUDIT_LOGS,
    GET_INSTANCE_LOGS,
    LIST_LOGGED_INSTANCES,
    Fleet,
    a_day,
)
from logging_core import InstanceManager


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with a_day(tmp_path) as made:
        yield made


# --- Query API ---------------------------------------------------------------------


def test_get_instance_logs(fleet: Fleet) -> None:
    """Each log comes back as the lines of its file."""
    path = fleet.instance("abc123-def456-789")
    files = {
        "communication": "communication.jsonl",
        "instance": "instance.log",
        "tmux_output": "tmux_output.log",
    }
    for log_type, name in files.items():
        lines = (path / name).read_text().split("\n")[:-1]
        for tail, expected in ((100, lines), (0, lines), (3, lines[-3:])):
            snippet = GET_INSTANCE_LOGS.replace('"communication"', f'"{log_type}"')
            snippet = snippet.replace("tail=100", f"tail={tail}")
            assert fleet.run(snippet)["logs"] == expected


def test_get_audit_logs(fleet: Fleet) -> None:
    """The trail comes back as dicts, as written: since a moment, the newest so many."""
    trail = fleet.audit()
    assert fleet.run(GET_AUDIT_LOGS)["audit_entries"] == trail
    few = GET_AUDIT_LOGS.replace("limit=100", "limit=3")
    assert fleet.run(few)["audit_entries"] == trail[-3:]
    later = GET_AUDIT_LOGS.replace("T00:00:00", "T12:35:00")
    assert [e["event_type"] for e in fleet.run(later)["audit_entries"]] == [
        "instance_terminate",
        "instance_terminate",
    ]


def test_list_logged_instances(fleet: Fleet) -> None:
    """All instances are listed with their metadata, the terminated ones too."""
    instances = fleet.run(LIST_LOGGED_INSTANCES)["instances"]
    paths = [fleet.instance(instance_id) / "metadata.json" for instance_id in sorted(EVENTS)]
    assert instances == [json.loads(path.read_text()) for path in paths]
    for entry in instances:
        assert {"instance_id", "instance_name", "created_at", "log_directory"} <= entry.keys()


# --- Configuration -------------------------------------------------------------------


ENVIRONMENT = """
export LOG_DIR="/var/log/madrox"  # Custom log directory
export LOG_LEVEL="DEBUG"           # DEBUG, INFO, WARNING, ERROR
"""


def test_the_environment_configures(fleet: Fleet) -> None:
    """The documented variables decide where and how much is logged."""
    code = (
        "from logging_core import InstanceManager; log = InstanceManager().logging_manager; "
        "log.get_instance_logger('debugged').debug('seen'); print(log.log_dir, log.log_level)"
    )
    told = fleet.shell(f'{ENVIRONMENT}\n"{sys.executable}" -c "{code}"', fleet.root)
    assert told == f"{fleet.root} 10\n"
    line = (fleet.instance("debugged") / "instance.log").read_text()
    assert line.endswith(" - DEBUG - seen\n")


PROGRAMMATIC = """
from src.orchestrator.instance_manager import InstanceManager

config = {
    "log_dir": "/var/log/madrox",
    "log_level": "INFO",
    # ... other config
}

manager = InstanceManager(config)
"""


def test_a_dict_configures(fleet: Fleet) -> None:
    """The documented construction works with the import line changed."""
    manager = fleet.run(PROGRAMMATIC)["manager"]
    manager.logging_manager.close()
    assert isinstance(manager, InstanceManager)
    assert (manager.logging_manager.log_dir, manager.logging_manager.log_level) == (fleet.root, 20)
