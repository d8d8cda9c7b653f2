"""Which audit files go, and in which file an event lands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logging_core import LoggingManager
from logging_core.write.retention import delete_expired, expired
from written import Clock, orchestrator

TODAY = date(2026, 11, 23)
LOOK_ALIKES = [
    *("audit_2020.jsonl", "audit_20200101.jsonl.bak", "xaudit_20200101.jsonl", "audit_.jsonl"),
    *("audit_20200101.json", "audit_20200101.jsonl.", "audit_20200101.jsonl.gz.gz", "AUDIT.jsonl"),
    *("audit_20200101.jsonl.gz", "audit_20200101.jsonl.2020-01-02.gz"),
    *("audit_20200101.jsonl.2020-01-02", "audit_20200101.jsonl.1", "audit_202001011.jsonl"),
    *(
        "audit_20201301.jsonl",
        "audit_20200230.jsonl",
        "audit_00000000.jsonl",
        "audit_20200132.jsonl",
    ),
    *(
        "audit_2020-01-01.jsonl",
        "audit_20200101.JSONL",
        "Audit_20200101.jsonl",
        "audit-20200101.jsonl",
    ),
    *(
        ".audit_20200101.jsonl",
        "audit_20200101.jsonl~",
        "audit_20200101 .jsonl",
        " audit_20200101.jsonl",
    ),
    *(
        "audit_20200101.jsonl\n",
        "\naudit_20200101.jsonl",
        "audit_20200101.jsonl.zst",
        "audit_20200101",
    ),
    *(
        "audit_٢٠٢٠٠١٠١.jsonl",
        "audit_2020010१.jsonl",
        "audit_+2020010.jsonl",
        "audit_ 2020101.jsonl",
    ),
    *("audit_20200101_copy.jsonl", "copy of audit_20200101.jsonl", "audit_20200101.jsonl.gz.tmp"),
    *("audit_20200101.jsonl.GZ", "audit_20200101..jsonl", "audit_20200101.jsonlgz", "instance.log"),
    *(
        "audit_20991231.jsonl",
        "audit_20261123.jsonl",
        "audit_20261024.jsonl",
        "audit_20261124.jsonl",
    ),
]


def test_only_what_is_certainly_an_old_audit_file_goes(tmp_path: Path) -> None:
    """Old audit files go; forty names that look similar stay, as do directories and links."""
    assert len(LOOK_ALIKES) >= 40
    for name in LOOK_ALIKES:
        (tmp_path / name).write_text("x")
    (tmp_path / "audit_20200103.jsonl").mkdir()
    (tmp_path / "audit_20200104.jsonl").symlink_to(tmp_path / "instance.log")
    (tmp_path / "audit_20200105.jsonl").symlink_to(tmp_path / "audit_20200103.jsonl")
    os.mkfifo(tmp_path / "audit_20200106.jsonl")
    before = set(tmp_path.iterdir())
    old = ["audit_20200101.jsonl", "audit_20200102.jsonl", "audit_20261023.jsonl"]
    for name in old:
        (tmp_path / name).write_text("x")
    assert delete_expired(tmp_path, TODAY, 30) == old
    assert set(tmp_path.iterdir()) == before
    assert (tmp_path / "instance.log").read_text() == "x"


def test_a_file_of_another_user_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that another user owns is not deleted."""
    for day in (1, 2, 3):
        (tmp_path / f"audit_2020010{day}.jsonl").write_text("x")
    someone_else = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: someone_else)
    assert delete_expired(tmp_path, TODAY, 30) == []


@given(
    st.sets(st.dates(date(2025, 1, 1), date(2030, 1, 1))),
    st.dates(date(1990, 1, 1)),
    st.integers(1, 90),
)
def test_no_clock_deletes_the_newest_two(days: set[date], today: date, keep: int) -> None:
    """Whatever the clock says, the two newest files stay, and so do all that are recent enough."""
    names = [f"audit_{day:%Y%m%d}.jsonl" for day in days]
    gone = expired(names, today, keep)
    kept = set(names) - set(gone)
    assert kept >= set(sorted(names)[-2:])
    young = {f"audit_{day:%Y%m%d}.jsonl" for day in days if day >= today - timedelta(keep)}
    assert young <= kept
    assert len(kept) <= max(2, len(young | set(sorted(names)[-2:])))


def test_old_files_go_at_the_start_and_at_midnight(tmp_path: Path) -> None:
    """A process that runs for weeks tidies each day, and the log says what it deleted."""
    clock = Clock()
    (tmp_path / "audit").mkdir(mode=0o700)
    for day in ("20261001", "20261024", "20261025", "20261122"):
        (tmp_path / "audit" / f"audit_{day}.jsonl").write_text("")
    manager = LoggingManager(tmp_path, clock=clock)
    left = [sorted(path.name[6:14] for path in manager.audit_dir.iterdir())]
    for _ in range(2):
        clock.now_s += 86_400
        manager.log_audit_event("x")
        left.append(sorted(path.name[6:14] for path in manager.audit_dir.iterdir()))
    manager.close()
    assert left == [
        ["20261024", "20261025", "20261122"],
        ["20261025", "20261122", "20261124"],
        ["20261122", "20261124", "20261125"],
    ]
    deleted = [line["files"] for line in orchestrator(manager) if "files" in line]
    assert deleted == [[f"audit_{day}.jsonl"] for day in ("20261001", "20261024", "20261025")]


def test_nothing_is_deleted_where_all_is_to_be_kept(tmp_path: Path) -> None:
    """`audit_days=0` keeps every file."""
    (tmp_path / "audit").mkdir(mode=0o700)
    for day in (1, 2, 3):
        (tmp_path / "audit" / f"audit_2020010{day}.jsonl").write_text("")
    LoggingManager(tmp_path, audit_days=0).close()
    assert len(list((tmp_path / "audit").iterdir())) == 3


def test_processes_that_run_over_midnight_lose_nothing(tmp_path: Path) -> None:
    """Two processes, 200 events each around midnight: each is in the file of its own day."""
    midnight = datetime(2026, 11, 24).timestamp()
    code = (
        "import sys; from logging_core import LoggingManager\n"
        "ticks = iter(range(10**6))\n"
        "clock = lambda: float(sys.argv[2]) - 1 + next(ticks) * 0.01\n"
        "manager = LoggingManager(sys.argv[1], clock=clock)\n"
        "for number in range(200): manager.log_audit_event('x', None, {'n': number})\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path), str(midnight)]
    writers = [subprocess.Popen(command) for _ in range(2)]
    assert [writer.wait(timeout=50) for writer in writers] == [0, 0]
    names = sorted(path.name for path in (tmp_path / "audit").iterdir())
    assert names == ["audit_20261123.jsonl", "audit_20261124.jsonl"]
    numbers = []
    for name in names:
        for line in (tmp_path / "audit" / name).read_text().splitlines():
            event = json.loads(line)
            assert event["timestamp"][:10].replace("-", "") == name[6:14]
            numbers.append(event["details"]["n"])
    assert sorted(numbers) == sorted([*range(200), *range(200)])


@pytest.mark.usefixtures("in_berlin")
@pytest.mark.parametrize("start", ["2026-03-28T23:59:00", "2026-10-24T23:59:00"])
def test_a_clock_change_loses_nothing(tmp_path: Path, start: str) -> None:
    """Through the nights when clocks change, and set back a day: each in the file of its date."""
    clock = Clock()
    clock.now_s = datetime.fromisoformat(start).timestamp()
    manager = LoggingManager(tmp_path, clock=clock)
    for step_s in (*[1800] * 60, -86_400, *[3600] * 30):
        manager.log_audit_event("x")
        clock.now_s += step_s
    manager.close()
    count = 0
    for path in manager.audit_dir.iterdir():
        for line in path.read_text().splitlines():
            assert json.loads(line)["timestamp"][:10].replace("-", "") == path.name[6:14]
            count += 1
    assert count == 91
