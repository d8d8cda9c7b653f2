"""Files that only grow: nothing torn, nothing mixed, nobody let in."""

from __future__ import annotations

import fcntl
import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from builders import START
from logging_core.tree import LogTree
from logging_core.write.append import AppendFile
from logging_core.write.audit import AuditFile
from logging_core.write.metadata import update_metadata
from logging_core.write.private import make_private_dir
from logging_core.write.stamps import Stamps


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_records_follow_one_another(tmp_path: Path) -> None:
    """What was there stays, and each record comes after it, also after closing."""
    path = tmp_path / "log"
    path.write_bytes(b"old\n")
    file = AppendFile(path)
    file.append(b"one\n")
    file.close()
    file.close()
    file.append(b"two\n")
    file.close()
    assert path.read_bytes() == b"old\none\ntwo\n"


def test_a_record_is_one_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long, a record is handed over whole, so that no other can get into it."""
    written: list[int] = []
    real = os.write

    def spy(fd: int, data: bytes) -> int:
        written.append(len(data))
        return real(fd, data)

    monkeypatch.setattr(os, "write", spy)
    file = AppendFile(tmp_path / "log")
    for size in (1, 5_000, 3_000_000):
        file.append(b"x" * size + b"\n")
    file.close()
    assert written == [2, 5_001, 3_000_001]


def test_what_a_killed_writer_left_spoils_no_record(tmp_path: Path) -> None:
    """After a line without an end, the next record begins a line of its own."""
    path = tmp_path / "log"
    path.write_bytes(b'{"whole": 1}\n{"torn": ')
    file = AppendFile(path)
    file.append(b'{"next": 2}\n')
    file.close()
    assert path.read_bytes() == b'{"whole": 1}\n{"torn": \n{"next": 2}\n'


def test_files_and_directories_are_the_owners_alone(tmp_path: Path) -> None:
    """Logs hold what agents say: no umask opens them to others."""
    before = os.umask(0)
    try:
        file = AppendFile(tmp_path / "a" / "b" / "log")
        file.append(b"x\n")
        file.close()
        update_metadata(tmp_path / "c" / "metadata.json", "a", "2026-11-23T12:00:00.000000", {})
    finally:
        os.umask(before)
    assert mode_of(tmp_path / "a" / "b" / "log") == 0o600
    assert mode_of(tmp_path / "c" / "metadata.json") == 0o600
    assert {mode_of(tmp_path / name) for name in ("a", "a/b", "c")} == {0o700}


def test_a_directory_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    """Only directories of our own making get a mode."""
    tmp_path.chmod(0o755)
    make_private_dir(tmp_path / "x")
    assert mode_of(tmp_path) == 0o755


def test_something_else_in_a_directorys_place_is_an_error(tmp_path: Path) -> None:
    """A file where a directory should be is an error."""
    (tmp_path / "instances").write_text("")
    with pytest.raises(NotADirectoryError):
        make_private_dir(tmp_path / "instances")
    with pytest.raises(NotADirectoryError):
        make_private_dir(tmp_path / "instances" / "a")


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    """A link planted at a log's path does not make us write somewhere else."""
    target = tmp_path / "bashrc"
    target.write_text("mine\n")
    (tmp_path / "log").symlink_to(target)
    assert not AppendFile(tmp_path / "log").append(b"x\n")
    assert target.read_text() == "mine\n"


def test_no_descriptor_outlives_its_file(tmp_path: Path) -> None:
    """Closing or dropping a file closes its descriptor."""
    before = set(Path("/proc/self/fd").iterdir())
    for number in range(50):
        file = AppendFile(tmp_path / f"{number}")
        file.append(b"x\n")
        if number % 2:
            file.close()
    del file
    assert set(Path("/proc/self/fd").iterdir()) == before


def test_threads_lose_and_mix_nothing(tmp_path: Path) -> None:
    """Eight threads that write while the file is closed under them: every line is there once."""
    file = AppendFile(tmp_path / "log")

    def write(name: int) -> None:
        for number in range(200):
            file.append(f"{name} {number} {'x' * 300}\n".encode())
            if number % 50 == 0:
                file.close()

    threads = [threading.Thread(target=write, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    file.close()
    lines = (tmp_path / "log").read_text().splitlines()
    expected = {f"{name} {number} {'x' * 300}" for name in range(8) for number in range(200)}
    assert len(lines) == 1600
    assert set(lines) == expected


def test_processes_mix_nothing(tmp_path: Path) -> None:
    """Four processes that write 60 KB records to one file: each is whole."""
    code = (
        "import sys; from pathlib import Path; from logging_core.write.append import AppendFile\n"
        "file = AppendFile(Path(sys.argv[1]))\n"
        "for n in range(50): file.append(sys.argv[2].encode() * 60_000 + b'\\n')"
    )
    path = tmp_path / "log"
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(path), letter]) for letter in "abcd"
    ]
    assert [writer.wait(timeout=50) for writer in writers] == [0, 0, 0, 0]
    lines = path.read_bytes().splitlines()
    assert sorted(lines) == [bytes([code]) * 60_000 for code in b"abcd" for _ in range(50)]


def test_an_audit_record_goes_to_the_file_of_its_own_day(tmp_path: Path) -> None:
    """After midnight the trail continues in a new file; after a clock is set back, in the old."""
    stamps, midnight = Stamps(lambda: 0.0), START.replace(hour=0).timestamp()
    file = AuditFile(LogTree(tmp_path))
    for name, time_s in (("a", midnight - 1e-6), ("b", midnight), ("c", midnight - 60)):
        file.append(stamps.at(time_s), f"{name}\n".encode())
    file.close()
    file.close()
    found = {path.name: path.read_text() for path in (tmp_path / "audit").iterdir()}
    assert found == {"audit_20261122.jsonl": "a\nc\n", "audit_20261123.jsonl": "b\n"}


def test_two_processes_lose_nothing_that_either_knows(tmp_path: Path) -> None:
    """If one process adds the name while another adds the role, the metadata has both."""
    code = (
        "import sys; from pathlib import Path\n"
        "from logging_core.write.metadata import update_metadata\n"
        "root, key = Path(sys.argv[1]), sys.argv[2]\n"
        "for number, _ in enumerate(sys.stdin):\n"
        "    path = root / str(number) / 'metadata.json'\n"
        "    update_metadata(path, 'a', '2026-11-23T12:00:00.000000', {key: 'known'})\n"
        "    print(flush=True)\n"
    )
    both = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path), key],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for key in ("instance_name", "role")
    ]
    for _ in range(150):
        for process in both:
            print(file=process.stdin, flush=True)
        for process in both:
            assert process.stdout
            process.stdout.readline()
    for process in both:
        process.communicate()
    written = [json.loads(path.read_text()) for path in tmp_path.glob("*/metadata.json")]
    assert [(one["instance_name"], one["role"]) for one in written] == [("known", "known")] * 150


def test_a_slow_writer_of_metadata_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine another process may need a while; what it writes is not overwritten."""
    path, pauses = tmp_path / "metadata.json", 0
    with path.with_name("theirs").open("w") as theirs:
        fd = os.open(tmp_path, os.O_RDONLY)
        fcntl.flock(fd, fcntl.LOCK_EX)

        def pause(_pause_s: float) -> None:
            nonlocal pauses
            pauses += 1
            if pauses == 50:
                theirs.write('{"instance_id": "a", "instance_name": "Ada"}')
                theirs.flush()
                path.with_name("theirs").rename(path)
                os.close(fd)

        monkeypatch.setattr("logging_core.write.metadata.time.sleep", pause)
        update_metadata(path, "a", "2026-11-23T12:00:00.000000", {"role": "qa"})
    found = json.loads(path.read_text())
    assert (found["instance_name"], found["role"]) == ("Ada", "qa")


def test_what_a_killed_writer_left_is_cleared_away(tmp_path: Path) -> None:
    """The temporary file of a killed writer is removed by the next one; a live writer's stays."""
    path = tmp_path / "metadata.json"
    gone = subprocess.Popen(["true"])
    gone.wait()
    for pid in (gone.pid, os.getpid()):
        (tmp_path / f".metadata.json.{pid}.7.tmp").write_text("{")
    update_metadata(path, "a", "2026-11-23T12:00:00.000000", {})
    left = {file.name for file in tmp_path.iterdir()}
    assert left == {"metadata.json", f".metadata.json.{os.getpid()}.7.tmp"}


def test_a_writer_that_was_stopped_stops_nobody(tmp_path: Path) -> None:
    """Metadata is written even while another process holds the lock."""
    fd = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        update_metadata(tmp_path / "metadata.json", "a", "2026-11-23T12:00:00.000000", {})
    finally:
        os.close(fd)
    assert json.loads((tmp_path / "metadata.json").read_text())["instance_id"] == "a"


@pytest.mark.parametrize("broken", [b"", b"{", b"[]", b"\xff"])
def test_broken_metadata_is_made_anew(tmp_path: Path, broken: bytes) -> None:
    """A metadata file that does not hold an object is replaced."""
    path = tmp_path / "a" / "metadata.json"
    path.parent.mkdir()
    path.write_bytes(broken)
    update_metadata(path, "a", "2026-11-23T12:00:00.000000", {"instance_name": "Ada"})
    assert b'"instance_name": "Ada"' in path.read_bytes()
