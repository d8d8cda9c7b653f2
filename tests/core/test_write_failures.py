"""A disk that is full, broken or forbidden: the caller goes on, and the loss is accounted for."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from logging_core import LoggingManager
from logging_core.write.losses import Losses
from written import orchestrator, said

FULL = """
import os, resource, sys
from pathlib import Path
from logging_core import LoggingManager
root, kind = Path(sys.argv[1]), sys.argv[2]
if kind == "limit":
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY))
else:
    (root / "filler").write_bytes(b"x" * 300_000)
manager = LoggingManager(root / "logs")
logger = manager.get_instance_logger("a")
for number in range(700):
    manager.log_audit_event("x", "a", {"n": number})
    manager.log_communication("a", "outbound", "note", f"{number}" + "c" * 90)
    manager.orchestrator_logger.info("o %s", number)
    logger.info("i %s %s", number, "l" * 80)
manager.log_tmux_output("a", "p" * 500_000)
if kind == "limit":
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
else:
    (root / "filler").unlink()
manager.log_audit_event("x", "a", {"n": "after"})
manager.log_communication("a", "outbound", "note", "after")
manager.orchestrator_logger.info("o after")
logger.info("i after")
manager.close()
for path in (root / "logs").rglob("*.*"):
    if path.suffix != ".json":
        print(path.read_text(), end="")
"""

FORBIDDEN = """
import os, sys, tempfile
from pathlib import Path
from logging_core import LogDirError, LoggingManager
root = Path(tempfile.mkdtemp())
manager = LoggingManager(root / "logs")
manager.audit_dir.chmod(0o500)
manager.instances_dir.chmod(0)
for number in range(5):
    manager.log_audit_event("x", "a")
    manager.log_tmux_output("a", "text")
    manager.get_instance_logger("a").error("text")
manager.audit_dir.chmod(0o700)
manager.instances_dir.chmod(0o700)
manager.log_audit_event("x", "a")
manager.close()
print((root / "logs" / "orchestrator.log").read_text())
manager.log_dir.chmod(0o500)
(manager.log_dir / "orchestrator.log").chmod(0)
for directory in (manager.log_dir, manager.log_dir / "new"):
    try:
        LoggingManager(directory)
    except LogDirError as error:
        assert "set LOG_DIR" in str(error) and str(directory) in str(error), error
    else:
        raise SystemExit(f"{directory} was taken")
import shutil
manager.log_dir.chmod(0o700)
shutil.rmtree(root)
"""


LOADED_FIRST = "import shutil, tempfile; from logging_core import LogDirError, LoggingManager; "


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=50)


def dropped(lines: list[Any]) -> int:
    return sum(line.get("dropped", 0) for line in lines)


@pytest.mark.parametrize("kind", ["limit", "disk"])
def test_a_full_disk_costs_records_and_nothing_else(tmp_path: Path, kind: str) -> None:
    """What was not taken is counted exactly, no line is torn, and later records are written."""
    script = tmp_path / "full.py"
    script.write_text(FULL)
    command = [sys.executable, str(script), str(tmp_path / "disk"), kind]
    (tmp_path / "disk").mkdir(mode=0o700)
    if kind == "disk":
        mount = 'mount -t tmpfs -o size=400k,mode=0700 none "$0" && exec "$@"'
        command = ["unshare", "-Urm", "sh", "-ec", mount, command[2], *command]
    done = run(command)
    entries, texts = [], []
    for line in filter(None, done.stdout.splitlines()):
        if line.startswith("{"):
            entries.append(json.loads(line))
        elif " - INFO - i " in line:
            texts.append(line)
    about = [entry for entry in entries if "dropped" in entry]
    kept = len(entries) - len(about) - 1 + len(texts)  # but for the manager's own first line
    lost_pane = 0 if "p" * 500_000 in done.stdout else 1
    assert kept + dropped(about) - lost_pane == 4 * 701
    assert dropped(about) > 100
    assert {entry["level"] for entry in about} == {"WARNING"}
    assert {"o after", "after"} <= {entry.get("message", entry.get("content")) for entry in entries}
    assert texts[-1].endswith("i after")
    reason = os.strerror(errno.EFBIG if kind == "limit" else errno.ENOSPC)
    assert {entry["reason"] for entry in about} == {reason}
    assert done.stderr.count("logging_core: cannot write") == len(done.stderr.splitlines()) == 1
    assert reason in done.stderr


def test_a_forbidden_directory_costs_records_and_nothing_else() -> None:
    """Without the right to write, calls return; at the start, one error says what to do."""
    setuid = "import os; os.setgroups([]); os.setresgid(65534, 65534, 65534); "
    setuid += "os.setresuid(65534, 65534, 65534); os.chdir('/'); "
    code = (setuid if os.geteuid() == 0 else "") + FORBIDDEN
    done = run([sys.executable, "-c", f"{LOADED_FIRST}{code}"])
    lines = [json.loads(line) for line in done.stdout.splitlines() if line]
    lost = {line["file"]: line["dropped"] for line in lines if "dropped" in line}
    assert [count for name, count in lost.items() if name.startswith("audit/")] == [5]
    assert lost["instances/a/tmux_output.log"] == lost["instances/a/instance.log"] == 5
    assert all("Permission denied" in line["message"] for line in lines if "dropped" in line)


@pytest.mark.parametrize("number", [errno.EIO, errno.EDQUOT, errno.EROFS, errno.ENOSPC])
def test_an_error_of_the_disk_never_reaches_the_caller(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    number: int,
) -> None:
    """No call raises; stderr has one line; and what was lost stands in the log afterwards."""
    manager = LoggingManager(tmp_path)
    monkeypatch.setattr(Path, "replace", lambda *_args: fail(number))
    real = os.write
    monkeypatch.setattr(os, "write", lambda *_args: fail(number))
    for _ in range(3):
        logger = manager.get_instance_logger("a", "Ada")
        logger.info("x", extra={"event_type": "message_sent"})
        manager.log_audit_event("x", "a")
        manager.log_communication("a", "inbound", "note", "x")
        manager.log_tmux_output("a", "x")
        manager.orchestrator_logger.info("x")
        manager.audit_logger.info("x")
    monkeypatch.setattr(os, "write", real)
    monkeypatch.undo()
    manager.log_communication("a", "inbound", "note", "later")
    manager.close()
    lost = {line["file"]: line["dropped"] for line in orchestrator(manager) if "dropped" in line}
    day = next(name for name in lost if name.startswith("audit/"))
    assert lost == {
        "instances/a/metadata.json": 1,
        "orchestrator.log": 3,
        "instances/a/instance.log": 3,
        "instances/a/communication.jsonl": 6,
        "instances/a/tmux_output.log": 3,
        day: 6,
    }
    assert [message["content"] for message in said(manager, "a")] == ["later"]
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert (
        json.loads((tmp_path / "instances/a/metadata.json").read_text())["instance_name"] == "Ada"
    )


def fail(number: int) -> int:
    raise OSError(number, os.strerror(number))


def test_a_deleted_tree_is_made_again(tmp_path: Path) -> None:
    """Whoever deletes the whole tree under a running orchestrator costs it no later record."""
    manager = LoggingManager(tmp_path / "logs")
    manager.log_audit_event("before", "a")
    manager.log_tmux_output("a", "before")
    run(["rm", "-rf", str(tmp_path / "logs")])
    seen = False
    while not seen:  # for a millisecond, records may follow the deleted files
        manager.log_audit_event("after", "a")
        seen = manager.audit_dir.exists()
    while not (manager.instances_dir / "a" / "tmux_output.log").exists():
        manager.log_tmux_output("a", "after")
    manager.orchestrator_logger.info("after")
    assert orchestrator(manager)[-1]["message"] == "after"
    for path in (manager.log_dir, manager.audit_dir, manager.instances_dir / "a"):
        assert path.stat().st_mode & 0o777 == 0o700
    manager.close()


def test_descriptors_that_others_closed_are_opened_again(tmp_path: Path) -> None:
    """A daemonizing process closes all descriptors; no record is lost."""
    manager = LoggingManager(tmp_path, clock=lambda: 1_795_435_200.0)
    manager.log_audit_event("before")
    for name in Path("/proc/self/fd").iterdir():
        try:
            target = name.readlink()
        except FileNotFoundError:
            continue
        if target.is_relative_to(tmp_path):
            os.close(int(name.name))
    stranger = os.open(tmp_path / "stranger", os.O_RDWR | os.O_CREAT)
    manager.orchestrator_logger.info("after")
    manager.close()
    assert orchestrator(manager)[-1]["message"] == "after"
    assert os.fstat(stranger).st_size == 0
    os.close(stranger)


@pytest.mark.parametrize("options", [{}, {"max_record_bytes": 10_000}])
def test_a_huge_message_is_cut_and_says_so(tmp_path: Path, options: Any) -> None:
    """Text beyond the limit is cut, in every file, with a note of its length and SHA-256."""
    manager, size = LoggingManager(tmp_path, **options), 100_000_000 if not options else 20_000
    most = options.get("max_record_bytes", 16 * 1024 * 1024)
    text = ("é" if options else "x") * size
    manager.log_communication("a", "inbound", "note", text)
    manager.log_audit_event("x", "a", {"deep": [{"text": text}], "n": 7})
    if options:
        manager.log_audit_event("y", "a", {"numbers": list(range(size))})
        manager.orchestrator_logger.info("%s", text)
        manager.get_instance_logger("a").info(text)
        manager.log_tmux_output("a", text + "end")
    manager.close()
    said_so = f"cut: {size} characters, sha256 {sha256(text.encode()).hexdigest()}]"
    assert said(manager, "a")[0]["content"].endswith(said_so)
    (day,) = manager.audit_dir.iterdir()
    first, *more = [json.loads(line) for line in day.read_text().splitlines()]
    assert first["details"]["deep"][0]["text"].endswith(said_so)
    assert first["details"]["n"] == 7
    if options:
        numbers = json.dumps({"numbers": list(range(size))}, separators=(",", ":")).encode()
        identified = f"{len(numbers)} bytes, sha256 {sha256(numbers).hexdigest()}"
        assert more[0]["details"] == f"[left out: {identified}]"
        assert orchestrator(manager)[-1]["message"].endswith(said_so)
        pane = (manager.instances_dir / "a" / "tmux_output.log").read_text()
        whole = sha256(f"{text}end".encode()).hexdigest()
        assert f"[cut: the last of {size + 3} characters, sha256 {whole}]" in pane
        assert pane.endswith("end\n")
    for path in manager.log_dir.rglob("*.*"):
        if path.is_file():
            assert max(map(len, path.read_bytes().splitlines()), default=0) <= most


def test_stderr_hears_of_it_once_a_minute(capsys: pytest.CaptureFixture[str]) -> None:
    """However many records are lost, one line a minute says so, and every one is counted."""
    times = [0.0, 1.0, 59.0, 60.0, 61.0, 62.0]
    losses = Losses(lambda: times.pop(0))
    for _ in range(5):
        losses.add(Path("/x/log"), OSError(errno.EIO, "broken"))
    assert len(capsys.readouterr().err.splitlines()) == 2
    told: list[int] = []
    answers = [False, True]

    def record(loss: Any) -> bool:
        told.append(loss.records)
        return answers.pop(0)

    losses.record = record
    losses.tell()
    losses.add(Path("/x/log"), OSError(errno.EIO, "broken"))
    losses.tell()
    assert told == [5, 6]


@pytest.mark.parametrize("broken", ["closed", "missing"])
def test_a_broken_stderr_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """Without a usable stderr, a failing write costs that record and nothing else."""
    manager = LoggingManager(tmp_path)
    stream = (tmp_path / "err").open("w")
    stream.close()
    monkeypatch.setattr(sys, "stderr", stream if broken == "closed" else None)
    monkeypatch.setattr(os, "write", lambda *_args: fail(errno.EIO))
    manager.log_audit_event("x")
    monkeypatch.undo()
    manager.close()
    assert dropped(orchestrator(manager)) == 1
