"""A cache of a tree's fleet model, so that the next start reads only what is new.

There is one file per tree, in the user's cache directory and never in the tree. It holds a model
(see `FleetModel.dump`) and the cursor up to which it was read. It is used only if every file that
was counted still exists, with the same bytes just before the offset where reading ended, and every
instance has its directory. Otherwise, or if the cache is damaged, of another version or of another
user, everything is read again: a bad cache costs time, never correctness.
"""

from __future__ import annotations

import os
import stat
import tempfile
import zlib
from collections.abc import Callable, Iterator
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
from logging_core.records import Batch
from logging_core.tree import FileKind, classify, local_path, portable_path

WORTH_KEEPING = 20_000
"""New records from which on saving the model is cheaper than reading them again next time."""

_SIZE = 4  # bytes of the head's length prefix
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Opened(NamedTuple):
    """A cached model, to which everything up to `cursor` has been applied."""

    model: FleetModel
    cursor: dict[str, Any]


class _Head(msgspec.Struct):
    """The head of the file, after its length prefix; the model follows."""

    root: str
    root_id: tuple[int, int]
    cursor: dict[str, Any]


class FleetCache:
    """The cache of one tree.

    Args:
        root: The tree.
        kind: Distinguishes models with different options.
        directory: The cache directory; `None`: the user's.

    Attributes:
        trouble: Why the last `save` failed, as text to show; `None` if it did not.
    """

    def __init__(self, root: Path, kind: str, directory: Path | None = None) -> None:
        self._root = root.absolute()
        self._directory = directory or user_cache_path("madrox-top", appauthor=False)
        # Trees whose checksums collide overwrite each other's file: its head names the tree.
        name = f"{kind}-{zlib.crc32(os.fsencode(self._root)):08x}.fleet"
        self._path = self._directory / name
        self.trouble: str | None = None

    def load(self, **options: Any) -> Opened | None:
        """Return the cached model and its cursor; `None` if there is no usable cache.

        Args:
            options: Options of the `FleetModel`, the same as when it was saved.
        """
        try:
            with _open_own(self._path) as file:
                return restore(self._root, file, **options)
        except OSError:
            return None

    def save(self, model: FleetModel, cursor: dict[str, Any]) -> None:
        """Write a model and its cursor; on failure, set `trouble` instead of raising."""
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            _replace(self._path, partial(store, self._root, Opened(model, cursor)))
        except OSError as error:
            self.trouble = f"{self._path}: {error.strerror or error}"
        else:
            self.trouble = None


def store(root: Path, opened: Opened, file: IO[bytes]) -> None:
    """Write a model and its cursor, for `restore`.

    Args:
        root: The tree that they are of, an absolute path.
        opened: Both.
        file: What to write to.

    Raises:
        OSError: It cannot be written, or there is no tree.
    """
    head = _Head(portable_path(str(root)), _identity(root), opened.cursor)
    data = msgspec.msgpack.encode(head)
    file.write(len(data).to_bytes(_SIZE))
    file.write(data)
    opened.model.dump(file)


def restore(root: Path, file: IO[bytes], **options: Any) -> Opened | None:
    """Return what `store` wrote; `None` if it cannot be used, as where the tree is another by now.

    Args:
        root: The tree, an absolute path.
        file: What to read from.
        options: Options of the `FleetModel`, the same as when it was stored.
    """
    try:
        size = int.from_bytes(file.read(_SIZE))
        head = msgspec.msgpack.decode(file.read(size), type=_Head)
        if head.root != portable_path(str(root)) or head.root_id != _identity(root):
            return None
        if not _is_whole(root, Cursor.parse(head.cursor)):
            return None
        model = FleetModel.load(file, **options)
        model.change_reader()
        return Opened(model, head.cursor)
    except (OSError, ValueError, msgspec.MsgspecError):
        return None


def read_fleet(root: Path, cache: FleetCache | None = None, **options: Any) -> FleetModel:
    """Return a model to which the whole tree has been applied.

    Args:
        root: The tree.
        cache: Loaded to skip what was read before, and updated afterwards; `None`: no cache.
        options: Options of the `FleetModel`.
    """
    cached = None if cache is None else cache.load(**options)
    if cached is not None:
        model = cached.model
        reader = TreeReader(root, cursor=cached.cursor, blocks=True)
        end = _catch_up(model, reader, wanted=lambda batch: not is_rewritten(batch))
        if end is not None:
            _save(cache, model, end)
            return model
    model = FleetModel(**options)
    end = _catch_up(model, TreeReader(root, blocks=True))
    if end is not None:
        _save(cache, model, end)
    return model


def read_whole(root: Path, *, wanted: Callable[[float], bool], **options: Any) -> Opened | None:
    """Read a whole tree, from the beginning.

    Args:
        root: The tree.
        wanted: Asked after each look, given how much of the tree was read, see `TreeReader.share`;
            `False` ends it early.
        options: Options of the `FleetModel`.

    Returns:
        The model and how far the tree was read; `None` if it ended early.
    """
    model, reader = FleetModel(**options), TreeReader(root, blocks=True)
    end = _catch_up(model, reader, wanted=lambda _: wanted(reader.share))
    return None if end is None else Opened(model, end.cursor)


def is_rewritten(batch: Batch) -> bool:
    """Return whether the tree no longer holds something that an earlier batch handed out."""
    return batch.reset or any(problem.is_gap for problem in batch.problems)


class _End(NamedTuple):
    """Where reading ended, and how many records were read."""

    cursor: dict[str, Any]
    records: int


def _catch_up(
    model: FleetModel, reader: TreeReader, *, wanted: Callable[[Batch], bool] = lambda _: True
) -> _End | None:
    """Apply everything unread to a model; `None` once a batch is not `wanted`."""
    batch, records = reader.poll(), 0
    while True:
        if not wanted(batch):
            return None
        model.apply(batch)
        records += batch.count
        if batch.caught_up:
            return _End(batch.cursor, records)
        batch = reader.poll(turns=0)  # the rest of what the first sweep found, without another


def _save(cache: FleetCache | None, model: FleetModel, end: _End) -> None:
    if cache is not None and end.records >= WORTH_KEEPING:
        cache.save(model, end.cursor)


def _is_whole(root: Path, cursor: Cursor) -> bool:
    """Return whether every file that was counted exists and is no shorter than when read.

    And so does the directory of every instance, in which there may be no such file.
    """
    found = Sweep(root).everything()
    if not set(map(local_path, cursor.instances)).issubset(found.seen):
        return False
    for group, positions in cursor.logs.items():
        sizes = {part.id: part.size for part in found.changed.get(local_path(group), ())}
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


@contextmanager
def _open_own(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that only this user can have written.

    Raises:
        OSError: It does not exist, or another user owns it or may write to it.
    """
    fd = os.open(path, _FLAGS)
    with os.fdopen(fd, "rb") as file:
        status = os.fstat(fd)
        if (
            not stat.S_ISREG(status.st_mode)
            or status.st_uid != os.geteuid()
            or status.st_mode & 0o022
        ):
            raise PermissionError(f"another user may have written {path}")
        yield file


def _replace(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    fd, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(fd, "wb") as file:
            write(file)
        Path(name).replace(path)
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()
