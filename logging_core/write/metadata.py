"""`metadata.json`: who an instance is; replaced as a whole, never written in place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from logging_core.codec.encode import encode_document
from logging_core.write.private import Access, create_private


def update_metadata(
    path: Path,
    instance_id: str,
    stamp: str,
    known: Mapping[str, str],
    access: Access | None = None,
) -> None:
    """Bring an instance's metadata up to date; a file that says it all is left alone.

    What the file says stays: its `created_at`, keys that are not ours, and everything that `known`
    does not name. A file that holds no JSON object is replaced.

    Args:
        path: The file.
        instance_id: Whose.
        stamp: When the instance was made, if the file does not say.
        known: `instance_name`, `role` and so on.
        access: Opens it; by default its directory is a tree by itself.

    Raises:
        OSError: It could not be read or written, or is refused: see `Access`.
    """
    access = access or Access(path.parent)
    access.make_directory(path.parent)
    old = _read_object(path, access)
    record: dict[str, Any] = {
        "instance_id": instance_id,
        "instance_name": old.get("instance_name"),
        "created_at": old.get("created_at") or stamp,
        "log_directory": str(path.parent),
    }
    record |= {key: value for key, value in old.items() if key not in record}
    record |= known
    if record != old:
        replace_file(path, encode_document(record), access)


def replace_file(path: Path, data: bytes, access: Access | None = None) -> None:
    """Write a whole file so that a reader sees the old one or the new one, never a part.

    Raises:
        OSError: It could not be written; the old file is as it was.
    """
    (access or Access(path.parent)).make_directory(path.parent)
    temporary, fd = _open_temporary(path)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _open_temporary(path: Path) -> tuple[Path, int]:
    number = 0
    while True:
        temporary = path.with_name(f".{path.name}.{os.getpid()}.{number}.tmp")
        try:
            return temporary, create_private(temporary)
        except FileExistsError:
            number += 1


def _read_object(path: Path, access: Access) -> dict[str, Any]:
    try:
        with os.fdopen(access.open_to_read(path), "rb") as file:
            value = orjson.loads(file.read())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return {}
    return value if isinstance(value, dict) else {}
