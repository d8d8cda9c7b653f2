"""Many processes, threads, forks and signals at one file: every record once, and whole."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest

HAMMER = """
import logging.handlers, sys
from pathlib import Path
from logging_core.write.rotate import RotatingFile
kind, path, name = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
if kind == "ours":
    file = RotatingFile(path, 100_000, 500)
    write = lambda text: file.append(text.encode() + b"\\n")
else:
    handler = logging.handlers.RotatingFileHandler(path, maxBytes=100_000, backupCount=500)
    write = lambda text: handler.handle(logging.makeLogRecord({"msg": text}))
print("ready", flush=True)
sys.stdin.read()
for number in range(5000):
    write(f"{name}-{number} {'x' * 80}")
"""

KILLED = """
import json, os, random, signal, sys, time
from pathlib import Path
from logging_core.write.append import AppendFile
from logging_core.write.rotate import RotatingFile
path, acked, dice = Path(sys.argv[1]), sys.argv[2], random.Random(7)
file = RotatingFile(path, 1_000_000, 5000) if sys.argv[3] == "rotating" else AppendFile(path)
def write(name):
    ack = os.open(acked, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    number = 0
    while True:
        record = json.dumps({"id": f"{name}-{number}", "x": "y" * dice.choice((10, 90_000))})
        file.append(record.encode() + b"\\n")
        os.write(ack, f"{name}-{number}\\n".encode())
        number += 1
for turn in range(12):
    children = []
    for child in range(3):
        pid = os.fork()
        if pid == 0:
            write(f"{turn}-{child}")
        children.append(pid)
    for pid in children:
        time.sleep(dice.uniform(0.004, 0.012))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
file.append(b'{"id": "last"}\\n')
"""

FORKS = """
import os, sys, threading
from logging_core import LoggingManager
manager = LoggingManager(sys.argv[1])
real, inside, go_on = os.write, threading.Event(), threading.Event()
def slow(fd, data):
    if threading.current_thread() is not threading.main_thread():
        inside.set()
        go_on.wait(30)
    return real(fd, data)
os.write = slow
thread = threading.Thread(target=manager.log_audit_event, args=("parent",))
thread.start()
inside.wait(30)
pid = os.fork()
if pid == 0:
    manager.log_audit_event("child")
    manager.orchestrator_logger.info("child")
    manager.get_instance_logger("kid").info("child")
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
go_on.set()
thread.join()
"""

SIGNALS = """
import signal, sys
from logging_core import LoggingManager
manager = LoggingManager(sys.argv[1])
heard = 0
def hear(*_):
    global heard
    heard += 1
    n = heard  # what is heard while this is written has another
    manager.log_audit_event("signal", None, {"n": n})
    manager.orchestrator_logger.info("signal %s", n)
signal.signal(signal.SIGALRM, hear)
signal.setitimer(signal.ITIMER_REAL, 0.003, 0.003)
number = 0
while heard < 60:
    number += 1
    manager.log_audit_event("main", None, {"n": number, "x": "y" * 20_000})
    manager.orchestrator_logger.info("main %s", number)
signal.setitimer(signal.ITIMER_REAL, 0)
signal.signal(signal.SIGALRM, signal.SIG_IGN)
print(heard, number)
"""


def run(code: str, *arguments: object) -> str:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=50).stdout


def check_that_nothing_is_lost(kind: str, directory: Path) -> None:
    command = [sys.executable, "-c", HAMMER, kind, str(directory / "log")]
    with ExitStack() as stack:
        writers = [
            stack.enter_context(
                subprocess.Popen(
                    [*command, f"w{number}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
                )
            )
            for number in range(8)
        ]
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
        for writer in writers:
            assert writer.stdin is not None
            writer.stdin.close()
    files = list(directory.glob("log*"))
    found = Counter(line for file in files for line in file.read_text().splitlines())
    expected = {f"w{name}-{number} {'x' * 80}" for name in range(8) for number in range(5000)}
    assert expected - found.keys() == set(), "lost"
    assert found.keys() - expected == set(), "torn"
    assert set(found.values()) == {1}, "doubled"
    assert len(files) > 20


def test_processes_that_rotate_one_file_lose_nothing(tmp_path: Path) -> None:
    """Eight processes write 5,000 records each through 20 rotations: all are there, once."""
    check_that_nothing_is_lost("ours", tmp_path)


def test_the_test_above_finds_lost_records(tmp_path: Path) -> None:
    """The standard library's handler fails the test above, so that test does find lost records."""
    with pytest.raises(AssertionError, match="lost"):
        check_that_nothing_is_lost("stdlib", tmp_path)


@pytest.mark.parametrize("kind", ["rotating", "plain"])
def test_what_was_written_survives_kills(tmp_path: Path, kind: str) -> None:
    """36 processes killed while they write and rotate: each tears one line at most, its own."""
    run(KILLED, tmp_path / "log", tmp_path / "acked", kind)
    lines = [line for file in tmp_path.glob("log*") for line in file.read_bytes().splitlines()]
    found: Counter[str] = Counter()
    torn = 0
    for line in lines:
        try:
            found[json.loads(line)["id"]] += 1
        except ValueError:
            torn += 1
    acked = (tmp_path / "acked").read_text().splitlines()
    assert len(acked) > 36
    assert set(acked) - found.keys() == set()
    assert set(found.values()) == {1}
    assert torn <= 36
    assert found["last"] == 1


def test_a_child_writes_whatever_its_parent_was_doing(tmp_path: Path) -> None:
    """A fork while a thread is in the middle of a record leaves the child no lock to wait for."""
    run(FORKS, tmp_path)
    (audit,) = (tmp_path / "audit").iterdir()
    events = [json.loads(line)["event"] for line in audit.read_text().splitlines()]
    assert sorted(events) == ["child", "parent"]
    assert '"message":"child"' in (tmp_path / "orchestrator.log").read_text()
    assert "child" in (tmp_path / "instances" / "kid" / "instance.log").read_text()


def test_a_signal_handler_may_log(tmp_path: Path) -> None:
    """Records of a signal handler are written, and so are the records that it interrupts."""
    heard, number = map(int, run(SIGNALS, tmp_path).split())
    (audit,) = (tmp_path / "audit").iterdir()
    events = [json.loads(line) for line in audit.read_text().splitlines()]
    counts = Counter((event["event"], event["details"]["n"]) for event in events)
    assert set(counts.values()) == {1}
    assert len(counts) == heard + number
    texts = [
        json.loads(line)["message"]
        for line in (tmp_path / "orchestrator.log").read_text().splitlines()
    ]
    assert len(texts) == len(set(texts)) == heard + number + 1
