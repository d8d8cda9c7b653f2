"""Every path and naming rule of the log tree, in one place.

The layout of the tree is documented in the README ("The log tree").
"""

from __future__ import annotations

import enum
import os
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePath
from typing import NamedTuple

from logging_core.errors import InvalidInstanceIdError

_INSTANCE_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}", re.ASCII)
_ROTATED = re.compile(r"(?P<base>.+?)(?:\.(?P<number>[1-9][0-9]{0,3}))?(?P<gz>\.gz)?", re.ASCII)
_BYTE = re.compile(rb"\\x([0-9a-f]{2})")
_AUDIT = re.compile(r"audit_(?P<day>[0-9]{8})\.jsonl(?P<rest>.*)", re.ASCII)

AUDIT = "audit"
"""The directory of the audit files; those of one day are one log, whatever they are renamed to."""

INSTANCES = "instances"
"""The directory of the directories of the instances."""


class FileKind(enum.StrEnum):
    """The kinds of files in the tree, by content."""

    ORCHESTRATOR = "orchestrator"
    INSTANCE = "instance"
    COMMUNICATION = "communication"
    PANE = "tmux_output"
    METADATA = "metadata"
    AUDIT = "audit"


INSTANCE_FILES = {
    "instance.log": FileKind.INSTANCE,
    "communication.jsonl": FileKind.COMMUNICATION,
    "tmux_output.log": FileKind.PANE,
    "metadata.json": FileKind.METADATA,
}
"""The files in an instance's directory, by name."""

LOG_TYPES = {
    "instance": "instance.log",
    "communication": "communication.jsonl",
    "tmux_output": "tmux_output.log",
}
"""The file of each `log_type` of the query API."""


class LogFile(NamedTuple):
    """A path below the root, classified.

    Attributes:
        kind: What it holds.
        instance_id: The instance it belongs to, as its directory is named, which in a tree by
            another writer may be any text; `None` for orchestrator and audit files.
        base: The path relative to the root, without rotation number and `.gz`: files with the same
            base are parts of one log.
        generation: 0 for the live file, n for `.n`; higher is older. Always 0 for audit files,
            which are ordered by name.
        compressed: Whether the name ends in `.gz`.
    """

    kind: FileKind
    instance_id: str | None
    base: str
    generation: int
    compressed: bool


def expand_user(path: str | os.PathLike[str]) -> Path:
    """Return the path with a leading `~` or `~name` replaced by that user's home directory.

    Raises:
        ValueError: There is no such user, or the user has no home directory.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise ValueError(f"{os.fspath(path)}: there is no such home directory") from None


def check_instance_id(instance_id: object) -> str:
    """Return `instance_id` if it is a single safe path component.

    That is 1 to 128 characters of `[A-Za-z0-9._-]`, the first not a dot.

    Raises:
        InvalidInstanceIdError: (a `ValueError`) for anything else, before any file is touched.
    """
    if isinstance(instance_id, str) and _INSTANCE_ID.fullmatch(instance_id):
        return instance_id
    shown = ascii(instance_id)[:80]
    raise InvalidInstanceIdError(
        f"invalid instance id {shown}: use 1 to 128 of A-Z a-z 0-9 . _ - with no leading dot"
    )


@dataclass(frozen=True, slots=True)
class LogTree:
    """The layout below one root directory. Builds paths; touches no file."""

    root: Path

    @property
    def orchestrator_log(self) -> Path:
        """`orchestrator.log`."""
        return self.root / "orchestrator.log"

    @property
    def instances_dir(self) -> Path:
        """`instances/`, one directory per instance."""
        return self.root / INSTANCES

    @property
    def audit_dir(self) -> Path:
        """`audit/`, one file per local day."""
        return self.root / AUDIT

    def instance_dir(self, instance_id: str) -> Path:
        """Return the directory of one instance.

        Raises:
            InvalidInstanceIdError: The id is none.
        """
        return self.instances_dir / check_instance_id(instance_id)

    def instance_log(self, instance_id: str) -> Path:
        """Return the path of one instance's lifecycle lines, in plain text."""
        return self.instance_dir(instance_id) / "instance.log"

    def communication(self, instance_id: str) -> Path:
        """Return the path of the messages to and from one instance."""
        return self.instance_dir(instance_id) / "communication.jsonl"

    def tmux_output(self, instance_id: str) -> Path:
        """Return the path of the captures of one instance's tmux pane."""
        return self.instance_dir(instance_id) / "tmux_output.log"

    def metadata(self, instance_id: str) -> Path:
        """Return the path of the name and settings of one instance."""
        return self.instance_dir(instance_id) / "metadata.json"

    def audit_file(self, day: date) -> Path:
        """Return the path of the audit events of one local day."""
        return self.audit_dir / f"audit_{day:%Y%m%d}.jsonl"

    def relative(self, path: PurePath) -> str:
        """Return `path` relative to the root, with `/` between its parts."""
        return path.relative_to(self.root).as_posix()


def log_of(directory: str, log_type: str) -> str:
    """Return the path of one of an instance's logs relative to the root.

    Args:
        directory: The name of its directory.
        log_type: One of `LOG_TYPES`.
    """
    return f"{INSTANCES}/{directory}/{LOG_TYPES[log_type]}"


def classify(relative: str) -> LogFile | None:
    """Classify a path relative to the root; `None` if it is not part of the tree.

    Rotated files (`.1`), compressed ones (`.gz`) and audit files renamed at midnight
    (`audit_20261123.jsonl.2026-11-23`) are recognised too. A name that begins with a dot is no
    instance's.
    """
    parts = relative.split("/")
    if parts[0] == AUDIT and len(parts) == 2:
        return _classify_audit(relative, parts[1])
    if parts[0] == INSTANCES and len(parts) == 3 and parts[1].startswith("."):
        return None
    if parts[0] == INSTANCES and len(parts) == 3 and parts[2] in INSTANCE_FILES:
        return LogFile(INSTANCE_FILES[parts[2]], parts[1], relative, 0, compressed=False)
    match = _ROTATED.fullmatch(parts[-1])
    if match is None:
        return None
    name, instance_id, kind = match["base"], None, None
    if len(parts) == 1 and name == "orchestrator.log":
        kind = FileKind.ORCHESTRATOR
    elif len(parts) == 3 and parts[0] == INSTANCES:
        instance_id, kind = parts[1], INSTANCE_FILES.get(name)
    if kind is None or (kind is FileKind.METADATA and name != parts[-1]):
        return None
    base = "/".join([*parts[:-1], name])
    return LogFile(kind, instance_id, base, int(match["number"] or 0), match["gz"] is not None)


def _classify_audit(relative: str, name: str) -> LogFile | None:
    if _AUDIT.fullmatch(name) is None:
        return None
    compressed = name.endswith(".gz")
    base = relative.removesuffix(".gz")
    return LogFile(FileKind.AUDIT, None, base, 0, compressed)


def portable_path(path: str) -> str:
    r"""A path as text that JSON, MessagePack and UTF-8 can hold; `local_path` gives it back.

    Only names that others gave look different: a byte that is no UTF-8 is written `\xff`, and a
    backslash, which would be taken for the beginning of one, `\x5c`.
    """
    if path.isascii() and "\\" not in path:
        return path
    return os.fsencode(path.replace("\\", r"\x5c")).decode("utf-8", "backslashreplace")


def local_path(text: str) -> str:
    """The path that `portable_path` wrote, as the operating system's functions take it."""
    if "\\" not in text:
        return text
    data = _BYTE.sub(lambda match: bytes.fromhex(match[1].decode()), text.encode())
    return os.fsdecode(data)
