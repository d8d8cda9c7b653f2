"""`metadata.json`: who an instance is; replaced as a whole, never written in place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from logging_core.codec.encode import encode_document
from logging_core.write.append import FILE_MODE, make_private_dir

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW


def update_metadata(path: Path, instance_id: str, stamp: str, known: Mapping[str, str]) -> None:
    """Bring an instance's metadata up to date; a file that says it all is left alone.

    What the file says stays: its `created_at`, keys that are not ours, and everything that `known`
    does not name. A file that holds no JSON object is replaced.

    Args:
        path: The file.
        instance_id: Whose.
        stamp: When the instance was made, if the file does not say.
        known: `instance_name`, `role` and so on.

    Raises:
        OSError: It could not be read or written.
    """
    old = _read_object(path)
    record: dict[str, Any] = {
        "instance_id": instance_id,
        "instance_name": old.get("instance_name"),
        "created_at": old.get("created_at") or stamp,
        "log_directory": str(path.parent),
    }
    record |= {key: value for key, value in old.items() if key not in record}
    record |= known
    if record != old:
        replace_file(path, encode_document(record))


def replace_file(path: Path, data: bytes) -> None:
    """Write a whole file so that a reader sees the old one or the new one, never a part.

    Raises:
        OSError: It could not be written; the old file is as it was.
    """
    make_private_dir(path.parent)
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
            return temporary, os.open(temporary, _FLAGS, FILE_MODE)
        except FileExistsError:
            number += 1


def _read_object(path: Path) -> dict[str, Any]:
    try:
        value = orjson.loads(path.read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return {}
    return value if isinstance(value, dict) else {}
