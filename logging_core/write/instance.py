"""The files of one instance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from logging_core.codec.encode import encode_json, encode_lifecycle, message_record
from logging_core.codec.pane import encode_frame
from logging_core.tree import LogTree
from logging_core.write.append import AppendFile
from logging_core.write.metadata import update_metadata


class InstanceFiles:
    """Writes the log, the messages, the captures and the metadata of one instance.

    Args:
        tree: Where.
        instance_id: Whose.

    Raises:
        InvalidInstanceIdError: The id is not one safe path component; no file was touched.
    """

    def __init__(self, tree: LogTree, instance_id: str) -> None:
        self._instance_id = instance_id
        self._metadata = tree.metadata(instance_id)
        self._log = AppendFile(tree.instance_log(instance_id))
        self._communication = AppendFile(tree.communication(instance_id))
        self._panes = AppendFile(tree.tmux_output(instance_id))
        self._known: dict[str, str] | None = None

    def describe(self, stamp: str, known: Mapping[str, str | None]) -> None:
        """Put into `metadata.json` what is known; see `update_metadata`.

        The same again costs nothing.

        Raises:
            OSError: It could not be read or written.
        """
        given = {key: value for key, value in known.items() if value is not None}
        if self._known is None or not given.items() <= self._known.items():
            update_metadata(self._metadata, self._instance_id, stamp, given)
            self._known = {**(self._known or {}), **given}

    def lifecycle(self, stamp: str, level: str, text: str) -> None:
        """Append an entry to `instance.log`."""
        self._log.append(encode_lifecycle(stamp, level, text))

    def message(self, stamp: str, event_type: str, fields: Mapping[str, Any]) -> None:
        """Append a line to `communication.jsonl`; `fields` as for `message_record`."""
        self._communication.append(encode_json(message_record(stamp, event_type, fields)))

    def pane(self, time_s: float, text: str) -> None:
        """Append a capture to `tmux_output.log`, in one `write`."""
        self._panes.append(encode_frame(time_s, text))

    def close(self) -> None:
        """Close the files; the next record opens them again."""
        for file in (self._log, self._communication, self._panes):
            file.close()
