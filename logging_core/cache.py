"""What was summed of a tree, kept for the next start, which then reads only what is new.

One file for each tree, in the user's cache directory and never in the tree. It holds a model (see
`FleetModel.dump`) and how far it was read. It is only ever used if every file that it counted is
still there with the bytes that it ended with; otherwise, or if it is damaged, of another version
or of another user, everything is read anew: a cache costs time, never rightness.
"""

from __future__ import annotations

import os
import stat
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple

import msgspec
from platformdirs import user_cache_path

from logging_core.analyse.fleet import FleetModel
from logging_core.read.cursor import Cursor
from logging_core.read.reader import TreeReader
from logging_core.read.sweep import Sweep
from logging_core.read.tail import REPLACED, REWRITTEN
from logging_core.records import Batch
from logging_core.tree import FileKind, classify

WORTH_KEEPING = 20_000
"""After so many records it takes longer to read them again than to keep what they add up to."""

_SIZE = 4  # bytes that say how long the head is
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Opened(NamedTuple):
    """A model that has taken in everything up to `cursor`."""

    model: FleetModel
    cursor: dict[str, Any]


class _Head(msgspec.Struct):
    """What the file begins with, after its size; the model follows."""

    root: str
    root_id: tuple[int, int]
    cursor: dict[str, Any]


class FleetCache:
    """The cache of one tree.

    Args:
        root: The tree.
        kind: Tells models of different options apart.
        directory: Where; `None`: the user's cache directory.

    Attributes:
        trouble: Why the last `save` failed, for people; `None` if it did not.
    """

    def __init__(self, root: Path, kind: str, directory: Path | None = None) -> None:
        self._root = root.absolute()
        self._directory = directory or user_cache_path("madrox-top", appauthor=False)
        # Two trees of one name would only take turns: what is kept says whose it is.
        name = f"{kind}-{zlib.crc32(os.fsencode(self._root)):08x}.fleet"
        self._path = self._directory / name
        self.trouble: str | None = None

    def load(self, **options: Any) -> Opened | None:
        """What was kept; `None` if there is nothing that can be used.

        Args:
            options: Of the `FleetModel`, as when it was kept.
        """
        try:
            with _open_own(self._path) as file:
                size = int.from_bytes(file.read(_SIZE))
                head = msgspec.msgpack.decode(file.read(size), type=_Head)
                if head.root != str(self._root) or head.root_id != _identity(self._root):
                    return None
                if not _is_whole(self._root, Cursor.parse(head.cursor)):
                    return None
                return Opened(FleetModel.load(file, **options), head.cursor)
        except (OSError, ValueError, msgspec.MsgspecError):
            return None

    def save(self, model: FleetModel, cursor: Mapping[str, Any]) -> None:
        """Keep a model and how far it was read; where that fails, `trouble` says why."""
        try:
            head = _Head(str(self._root), _identity(self._root), dict(cursor))
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            _replace(self._path, partial(_write, head, model))
        except OSError as error:
            self.trouble = f"{self._path}: {error.strerror or error}"
        else:
            self.trouble = None


def read_fleet(root: Path, cache: FleetCache | None = None, **options: Any) -> FleetModel:
    """A model that has taken in everything that is in a tree.

    Args:
        root: The tree.
        cache: Spares reading what was read before, and keeps what is read now; `None`: no cache.
        options: Of the `FleetModel`.
    """
    kept = None if cache is None else cache.load(**options)
    if kept is not None:
        model = kept.model
        end = _catch_up(model, TreeReader(root, cursor=kept.cursor, blocks=True), doubt=True)
        if end is not None:
            _keep(cache, model, end)
            return model
    model = FleetModel(**options)
    end = _catch_up(model, TreeReader(root, blocks=True))
    if end is not None:
        _keep(cache, model, end)
    return model


def is_rewritten(batch: Batch) -> bool:
    """Whether something that was handed out before is no longer what stands in the tree."""
    return batch.reset or any(p.reason in {REWRITTEN, REPLACED} for p in batch.problems)


class _End(NamedTuple):
    """Where reading ended, and how many records it brought."""

    cursor: dict[str, Any]
    records: int


def _catch_up(model: FleetModel, reader: TreeReader, *, doubt: bool = False) -> _End | None:
    """Read everything into a model; with `doubt`, `None` where the tree was rewritten."""
    batch, records = reader.poll(), 0
    while True:
        if doubt and is_rewritten(batch):
            return None
        model.apply(batch)
        records += batch.count
        if batch.caught_up:
            return _End(batch.cursor, records)
        batch = reader.poll(())  # what the first look found, but no second look for more


def _keep(cache: FleetCache | None, model: FleetModel, end: _End) -> None:
    if cache is not None and end.records >= WORTH_KEEPING:
        cache.save(model, end.cursor)


def _is_whole(root: Path, cursor: Cursor) -> bool:
    """Whether every file that was counted is there, and no shorter than what was read of it."""
    look = Sweep(root).everything()
    for group, positions in cursor.logs.items():
        sizes = {part.id: part.size for part in look.changed.get(group, ())}
        for path, (dev, ino, checked, *_) in positions.items():
            file = classify(path)
            if file is None or file.kind is FileKind.METADATA:
                continue
            if (dev, ino) not in sizes or (not file.compressed and sizes[dev, ino] < checked):
                return False
    return True


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _write(head: _Head, model: FleetModel, file: IO[bytes]) -> None:
    data = msgspec.msgpack.encode(head)
    file.write(len(data).to_bytes(_SIZE))
    file.write(data)
    model.dump(file)


@contextmanager
def _open_own(path: Path) -> Iterator[IO[bytes]]:
    """A file that only its owner, who is this user, can have written.

    Raises:
        OSError: There is none.
    """
    fd = os.open(path, _FLAGS)
    with os.fdopen(fd, "rb") as file:
        status = os.fstat(fd)
        if (
            not stat.S_ISREG(status.st_mode)
            or status.st_uid != os.geteuid()
            or status.st_mode & 0o022
        ):
            raise PermissionError(f"{path} may be somebody else's")
        yield file


def _replace(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    fd, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(fd, "wb") as file:
            write(file)
        Path(name).replace(path)
    except OSError:
        with suppress(OSError):
            Path(name).unlink()
        raise
