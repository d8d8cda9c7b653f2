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
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple

import msgspec
from platformdirs import user_cache_path

from logging_core.analyse.fleet import FleetModel
from logging_core.read.reader import TreeReader
from logging_core.read.root import RootId, identify
from logging_core.records import Batch
from logging_core.replacing import replace_file
from logging_core.tree import portable_path

WORTH_KEEPING = 20_000
"""New records from which on saving the model is cheaper than reading them again next time."""

_SIZE = 4  # bytes of the head's length prefix
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Opened(NamedTuple):
    """A model of a tree, and the reader whose next batch is the first not applied to it."""

    model: FleetModel
    reader: TreeReader


class _Head(msgspec.Struct):
    """The head of the file, after its length prefix; the model follows."""

    root: str
    root_id: RootId
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
        """Return the cached model and what reads on from it; `None` if there is no usable cache.

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
            replace_file(self._path, partial(store, self._root, model, cursor))
        except OSError as error:
            self.trouble = f"{self._path}: {error.strerror or error}"
        else:
            self.trouble = None


def store(root: Path, model: FleetModel, cursor: dict[str, Any], file: IO[bytes]) -> None:
    """Write a model and its cursor, for `restore`.

    Args:
        root: The tree that they are of, an absolute path.
        model: What everything up to `cursor` has been applied to.
        cursor: How far the tree was read.
        file: What to write to.

    Raises:
        OSError: It cannot be written, or there is no tree.
    """
    head = _Head(portable_path(str(root)), identify(root), cursor)
    data = msgspec.msgpack.encode(head)
    file.write(len(data).to_bytes(_SIZE))
    file.write(data)
    model.dump(file)


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
        if head.root != portable_path(str(root)) or head.root_id != identify(root):
            return None
        reader = TreeReader(root, cursor=head.cursor, blocks=True)
        model = FleetModel.load(file, **options)
        model.change_reader()
        # What comes after this look waits for the second one: so it is the last thing to do.
        return Opened(model, reader) if reader.is_whole() else None
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
        records = _catch_up(cached, wanted=lambda batch: not is_rewritten(batch))
        if records is not None:
            _save(cache, cached, records)
            return cached.model
    opened = Opened(FleetModel(**options), TreeReader(root, blocks=True))
    _save(cache, opened, _catch_up(opened))
    return opened.model


def read_whole(root: Path, *, wanted: Callable[[float], bool], **options: Any) -> Opened | None:
    """Read a whole tree, from the beginning.

    Args:
        root: The tree.
        wanted: Asked after each look, given how much of the tree was read, see `TreeReader.share`;
            `False` ends it early.
        options: Options of the `FleetModel`.

    Returns:
        The model and its reader; `None` if it ended early.
    """
    opened = Opened(FleetModel(**options), TreeReader(root, blocks=True))
    records = _catch_up(opened, wanted=lambda _: wanted(opened.reader.share))
    return None if records is None else opened


def is_rewritten(batch: Batch) -> bool:
    """Return whether the tree no longer holds something that an earlier batch handed out."""
    return batch.reset or any(problem.is_gap for problem in batch.problems)


def _catch_up(opened: Opened, *, wanted: Callable[[Batch], bool] = lambda _: True) -> int | None:
    """Apply everything unread to a model; how many records, `None` once a batch is not `wanted`."""
    model, reader = opened
    batch, records = reader.poll(), 0
    while True:
        if not wanted(batch):
            return None
        model.apply(batch)
        records += batch.count
        if batch.caught_up:
            return records
        batch = reader.poll(turns=0)  # the rest of what the first sweep found, without another


def _save(cache: FleetCache | None, opened: Opened, records: int | None) -> None:
    if cache is not None and records is not None and records >= WORTH_KEEPING:
        cache.save(opened.model, opened.reader.cursor)


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
