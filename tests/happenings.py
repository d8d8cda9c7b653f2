"""A tree to which anything may happen."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import re
import shutil
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Protocol

from builders import RULE, TreeBuilder

AUDIT_FILE = "audit/audit_20261123.jsonl"
FILES = (
    *(f"instances/{who}/communication.jsonl" for who in "abc"),
    *(f"instances/{who}/instance.log" for who in "abc"),
    "instances/a/tmux_output.log",
    "instances/b/tmux_output.log",
    "orchestrator.log",
    AUDIT_FILE,
)
METADATA = "metadata.json"
BACKUPS = 3
_AGAIN_NS = 40 * 10**9  # after which what could not be read was tried again
_TICK_NS = 4_000_000  # so coarse are the times of directories
NUMBER = re.compile(r"#(\d+)#")
"""How the number of a record is written in it."""


def number_at(time_s: float | None) -> int:
    """Which record is of that time."""
    return round((time_s or 0.0) - TreeBuilder.epoch(0))


class Reader(Protocol):
    """Whoever reads the tree, and cannot know what is lost before it looks."""

    def may_miss(self, numbers: Collection[int]) -> None:
        """These are no more, so they are told if they have been read."""

    def may_repeat(self, numbers: Collection[int]) -> None:
        """These stand in a file that is read from its start."""


class World:
    """A tree and what was written to it: each record has a number, which only goes up.

    Attributes:
        root: Of the tree.
        now_ns: Its clock.
        readers: Of the tree.
        listeners: Are told what changes: `added`, `modified` or `deleted`, and the path.
        denied: Files that may not be read, by inode.
        disordered: Logs of which that was so: the rest of them may have been read before.
    """

    def __init__(self, below: Path) -> None:
        self.root = below / "logs"
        self.now_ns = 1_700_000_000 * 10**9
        self.readers: list[Reader] = []
        self.listeners: list[Callable[[str, str], object]] = []
        self.denied: set[int] = set()
        self.disordered: set[str] = set()
        self._permitted: set[int] = set()  # not long ago
        self._permitted_ns = 0
        self._aside = below / "aside"
        self._numbers = itertools.count(1)
        self._log_of: dict[int, str] = {}
        self._in: dict[int, list[int]] = {}  # numbers of whole records, by inode
        self._present: dict[str, set[int]] | None = None  # by directory
        self._halves: dict[int, tuple[int, bytes]] = {}  # by inode: the number, and what is missing

    @property
    def now_s(self) -> float:
        """A moment after all that was written, as the records have it."""
        return TreeBuilder.epoch(max(self._log_of, default=0) + 1)

    # --- what is there --------------------------------------------------------

    def log_of(self, number: int) -> str:
        return self._log_of[number]

    def present(self, directories: Collection[str] | None = None) -> set[int]:
        """The numbers of all records that are whole, in some directories of the tree or in all."""
        if self._present is None:
            self._present = {}
            hidden = self.denied | self._permitted
            for path in self._paths():
                inode = path.stat().st_ino
                numbers = () if inode in hidden else self._in.get(inode, ())
                directory = str(path.parent.relative_to(self.root))
                self._present.setdefault(directory, set()).update(numbers)
        wanted = self._present.keys() if directories is None else directories
        return set().union(*(self._present.get(directory, ()) for directory in wanted))

    def torn(self) -> set[int]:
        """The numbers of records that have no end."""
        inodes = {path.stat().st_ino for path in self._paths()}
        return {number for inode, (number, _) in self._halves.items() if inode in inodes}

    def cut_for_good(self) -> set[int]:
        """The numbers of records without an end in files that are no longer written to."""
        return {
            self._halves[path.stat().st_ino][0]
            for path in self._paths()
            if path.stat().st_ino in self._halves and str(path.relative_to(self.root)) not in FILES
        }

    def directory_of(self, path: str) -> str:
        """Which directory a notice of a path is about."""
        first, *rest = os.path.relpath(path, self.root).split("/")
        if first == "instances" and rest:
            return f"{first}/{rest[0]}"
        return first if first in {"audit", "instances", ".."} else "."

    def instances(self) -> set[str]:
        below = self.root / "instances"
        return {path.name for path in below.iterdir()} if below.exists() else set()

    def _paths(self) -> Iterator[Path]:
        return (path for path in self.root.rglob("*") if path.is_file())

    # --- what happens ---------------------------------------------------------

    def wait(self, ns: int) -> None:
        self.now_ns += ns
        if self.now_ns - self._permitted_ns > _AGAIN_NS:
            self._permitted.clear()
            self._present = None

    def deny(self, log: str) -> None:
        """Let a file be one that nobody may read."""
        path = self.root / log
        if path.exists():
            self.denied.add(path.stat().st_ino)
            self.disordered.add(log)
            self._present = None

    def permit(self) -> None:
        """Let all be read; whether that is so again is seen after a while."""
        self._permitted |= self.denied
        self._permitted_ns = self.now_ns
        self.denied.clear()

    def append(self, log: str, count: int, *, half: bool, is_garbage: bool = False) -> None:
        path = self._ready(log)
        self._finish(path)
        whole, torn = self._records(log, count, is_garbage=is_garbage), None
        if half and not is_garbage:
            ((torn, text),) = self._records(log, 1)
            cut = text.index(b"@")
            whole.append((-1, text[:cut]))
        with path.open("ab") as file:
            file.write(b"".join(text for _, text in whole))
        inode = path.stat().st_ino
        self._in.setdefault(inode, []).extend(number for number, _ in whole if number > 0)
        if torn is not None:
            self._halves[inode] = torn, text[cut:]
        self._stamp(path)

    def metadata(self, who: str, *, in_place: bool) -> None:
        path = self._ready(f"instances/{who}/metadata.json")
        number = next(self._numbers)
        self._log_of[number] = f"instances/{who}/metadata.json"
        data = json.dumps({"instance_id": who, "instance_name": f"#{number}#"}).encode()
        self._lose(path)
        if in_place:
            path.write_bytes(data)
        else:
            self._swap(path, data)
        self._in[path.stat().st_ino] = [number]
        self._stamp(path)

    def make(self, who: str) -> None:
        self._ready(f"instances/{who}/instance.log")
        self._stamp(self.root / "instances" / who)

    def remove(self, who: str) -> None:
        directory = self.root / "instances" / who
        if directory.exists():
            for path in directory.iterdir():
                self._lose(path)
                path.unlink()
                self._notice(path, "deleted")
            directory.rmdir()
            self._stamp(directory, "deleted")

    def put_away(self, who: str) -> None:
        """Move the directory of an instance out of the tree; none with a line that has no end yet.

        The beginning of that is told once its file is gone, and nothing takes it back.
        """
        directory, away = self._places_of(who)
        if not directory.exists() or away.exists():
            return
        if self._halves.keys().isdisjoint(path.stat().st_ino for path in directory.iterdir()):
            directory.rename(away)
            self._stamp(directory, "deleted")

    def bring_back(self, who: str, *, copied: bool) -> None:
        """Move it back, or put a copy there."""
        directory, away = self._places_of(who)
        if not away.exists() or directory.exists() or not directory.parent.exists():
            return
        if copied:
            directory.mkdir()
            for path in away.iterdir():
                if path.name == METADATA:  # of which a copy is told anew, as it counts nowhere
                    path.rename(directory / METADATA)
                else:
                    self._copy(path, directory / path.name)
            shutil.rmtree(away)
        else:
            away.rename(directory)
        self._stamp(directory, "added")

    def remove_root(self) -> None:
        for path in list(self._paths()):
            self._lose(path)
            path.unlink()
            self._notice(path, "deleted")
        if self.root.exists():
            shutil.rmtree(self.root)
            self._notice(self.root, "deleted")

    def put_root_aside(self) -> None:
        if self.root.exists() and not self._aside.exists():
            self.root.rename(self._aside)
            self._notice(self.root, "deleted")

    def put_root_back(self) -> None:
        if self._aside.exists() and not self.root.exists():
            self._aside.rename(self.root)
            self._present = None

    def rotate(self, log: str) -> None:
        path = self.root / log
        if not path.exists():
            return
        if log == AUDIT_FILE:
            self._rename(path, path.with_name(f"{path.name}.2026-11-{next(self._numbers):04}"))
            return
        for end in ("", ".gz"):
            self._delete(Path(f"{path}.{BACKUPS}{end}"))
        for number, end in itertools.product(range(BACKUPS - 1, 0, -1), ("", ".gz")):
            old = Path(f"{path}.{number}{end}")
            if old.exists():
                self._rename(old, Path(f"{path}.{number + 1}{end}"))
        self._rename(path, Path(f"{path}.1"))

    def compress(self, log: str) -> None:
        path = self.root / f"{log}.1"
        if path.exists() and path.stat().st_ino not in self._halves:
            packed = Path(f"{path}.gz")
            packed.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
            self._in[packed.stat().st_ino] = self._in[path.stat().st_ino]
            self._stamp(packed)
            self._in[path.stat().st_ino] = []
            self._delete(path)

    def delete(self, log: str) -> None:
        self._delete(self.root / log)

    def truncate(self, log: str, *, to: int = 0) -> None:
        """Cut a file off after so many of its lines."""
        path = self.root / log
        if not path.exists() or path.stat().st_ino not in self._in:
            return
        inode = path.stat().st_ino
        lines = path.read_bytes().splitlines(keepends=True)
        kept, numbers = b"".join(lines[:to]), self._in[inode]
        left = [number for number in numbers if f"#{number}#".encode() in kept]
        if "tmux" in log:
            kept, left = b"", []
        self._lose(path)
        os.truncate(path, len(kept))
        self._in[inode] = left
        for reader in self.readers:
            reader.may_repeat(left)
        self._stamp(path)

    def rewrite(self, log: str, count: int, *, in_place: bool, same_size: bool) -> None:
        """Give a file other records: in its place, or as another file."""
        path = self.root / log
        if not path.exists():
            return
        size = path.stat().st_size
        self._lose(path)
        records = self._records(log, count)
        data = b"".join(text for _, text in records)
        if same_size and len(data) < size:
            data += b" " * (size - len(data) - 1) + b"\n"
        if in_place:
            path.write_bytes(data)
        else:
            self._swap(path, data)
        self._in[path.stat().st_ino] = [number for number, _ in records]
        self._stamp(path)

    def copy_up(self, log: str) -> None:
        """Put a copy in the place of a file, as an overlay does when it is written to."""
        path = self.root / log
        if path.exists():
            other = path.with_name("other")
            self._copy(path, other)
            other.replace(path)
            self._notice(path, "added")
            self._stamp(path)

    # --- how ------------------------------------------------------------------

    def _records(
        self, log: str, count: int, *, is_garbage: bool = False
    ) -> list[tuple[int, bytes]]:
        numbers = list(itertools.islice(self._numbers, count))
        self._log_of.update(dict.fromkeys(numbers, log))
        return [(number, _record(log, number, is_garbage=is_garbage)) for number in numbers]

    def _finish(self, path: Path) -> None:
        """Write what is missing of a record that has no end."""
        inode = path.stat().st_ino if path.exists() else None
        if inode in self._halves:
            number, rest = self._halves.pop(inode)
            self._in[inode].append(number)
            with path.open("ab") as file:
                file.write(rest)

    def _ready(self, log: str) -> Path:
        path = self.root / log
        for directory in (*reversed(path.parent.parents), path.parent):
            if not directory.exists():
                if self._aside.exists():
                    self._drop_aside()
                self._drop_away(directory.name)
                directory.mkdir()
                self._notice(directory, "added")
        return path

    def _drop_away(self, who: str) -> None:
        """What was put away does not come back where there is another one by now."""
        _, away = self._places_of(who)
        if away.exists():
            for path in away.iterdir():
                self._lose(path)
            shutil.rmtree(away)

    def _drop_aside(self) -> None:
        """What was put aside does not come back."""
        root, self.root = self.root, self._aside
        self.remove_root()
        self.root = root

    def _places_of(self, who: str) -> tuple[Path, Path]:
        """Where an instance's directory is in the tree, and where it is put away."""
        return self.root / "instances" / who, self._aside.with_name(f"away-{who}")

    def _copy(self, path: Path, name: Path) -> None:
        """Put what a file holds into another one, which is instead of it from now on."""
        before = path.stat().st_ino
        name.write_bytes(path.read_bytes())
        inode = name.stat().st_ino
        self.denied.discard(before)
        if before in self._in:
            self._in[inode] = self._in.pop(before)
        if before in self._halves:
            self._halves[inode] = self._halves.pop(before)

    def _swap(self, path: Path, data: bytes) -> None:
        other = path.with_name("other")
        other.write_bytes(data)
        other.replace(path)
        self._notice(path, "added")

    def _rename(self, path: Path, name: Path) -> None:
        path.rename(name)
        self._notice(path, "deleted")
        self._stamp(name, "added")

    def _delete(self, path: Path) -> None:
        if path.exists():
            self._lose(path)
            path.unlink()
            self._stamp(path, "deleted")

    def _lose(self, path: Path) -> None:
        """Who has not read a file can no longer."""
        if not path.exists():
            return
        inode = path.stat().st_ino
        self.denied.discard(inode)
        gone = set(self._in.pop(inode, ()))
        if inode in self._halves:
            gone.add(self._halves.pop(inode)[0])
        for reader in self.readers:
            reader.may_miss(gone)

    def _stamp(self, path: Path, kind: str = "modified") -> None:
        self.now_ns += 1
        if path.exists() and path.is_file():
            os.utime(path, ns=(self.now_ns, self.now_ns))
        coarse_ns = self.now_ns // _TICK_NS * _TICK_NS
        for directory in (path, *path.parents):
            if directory.is_dir() and directory.is_relative_to(self.root):
                os.utime(directory, ns=(coarse_ns, coarse_ns))
        self._notice(path, kind)

    def _notice(self, path: Path, kind: str = "modified") -> None:
        self._present = None
        for listener in self.listeners:
            listener(kind, str(path))


def _record(log: str, number: int, *, is_garbage: bool) -> bytes:
    """A record; it may be cut off at its `@`. What it tells differs from number to number."""
    if is_garbage and "tmux" not in log:
        return f"garbage #{number}# @\n".encode()
    when = TreeBuilder.when(number)
    if log.endswith("instance.log"):
        level, text = _LIVES[number % len(_LIVES)]
        return f"{when[:19].replace('T', ' ')} - {level} - {text} #{number}# @\n".encode()
    if log.endswith("tmux_output.log"):
        text = _PANES[number // 2 % len(_PANES)]
        return f"\n{RULE}\n[{when}]\n{RULE}\n{text} @\n".encode()
    record: dict[str, object] = {"note": f"#{number}# @", "timestamp": when}
    who = "abcd"[number // 2 % 4]
    if log.endswith("communication.jsonl"):
        record |= _SAID[number % len(_SAID)] | {"content": f"text {number}"}
        record |= {"message_id": f"m{number - number % len(_SAID)}"}
    elif log == "orchestrator.log":
        level = ("INFO", "ERROR")[number % 2]
        record = {"message": f"of #{number}# @", "level": level, "logger": "o", "timestamp": when}
        record |= {"instance_id": who}
    else:
        event_type, level, details = _AUDITED[number % len(_AUDITED)]
        details = details | {"message_id": f"m{number - 2}", "role": f"role {number}"}
        record |= {"event_type": event_type, "level": level, "instance_id": who, "details": details}
    return json.dumps(record).encode() + b"\n"


_LIVES = (
    ("INFO", "Instance created with role: qa, type: claude"),
    ("INFO", "Instance initialization completed successfully"),
    ("ERROR", "Instance failed: boom"),
    ("INFO", "life"),
    ("INFO", "Instance terminated (force=True)"),
)
_PANES = ("$ make", "12 passed", "Proceed? [y/N]")
_SAID: tuple[dict[str, object], ...] = (
    {"event_type": "message_sent", "direction": "outbound"},
    {"event_type": "message_received", "direction": "inbound", "tokens": 8, "cost": 0.25},
    {"event_type": "message_sent", "direction": "outbound"},
    {"event_type": "communication", "message_type": "report", "parent_id": "b"},
)
_EXCHANGE: tuple[str, str, dict[str, object]] = ("message_exchange", "INFO", {})
_AUDITED: tuple[tuple[str, str, dict[str, object]], ...] = (
    (*_EXCHANGE[:2], {"tokens": 3, "cost": 0.5, "response_time_seconds": 1.5}),
    ("instance_spawn", "INFO", {"instance_name": "Ada", "parent_instance_id": "c"}),
    (*_EXCHANGE[:2], {"tokens": 5, "response_time_seconds": 0.25}),
    ("instance_suspended", "INFO", {}),
    _EXCHANGE,
    ("request_failed", "ERROR", {"error": "KeyError: 'x'"}),
    ("instance_terminate", "INFO", {"force": True, "final_state": "terminated"}),
    _EXCHANGE,
    ("instance_terminate", "INFO", {"force": True, "final_state": "error"}),
    ("manager_daemon_failure", "ERROR", {"affected_instances": ["a"], "failure_reason": "gone"}),
    _EXCHANGE,
)
