"""The files and the logger of each instance that is written to."""

from __future__ import annotations

import shutil
from collections.abc import Mapping

from logging_core.config import LoggingConfig
from logging_core.tree import LogTree, check_instance_id
from logging_core.write.append import Shared
from logging_core.write.forks import Forkable
from logging_core.write.handlers import InstanceHandler
from logging_core.write.instance_files import InstanceFiles
from logging_core.write.loggers import InstanceAdapter, make_instance_logger
from logging_core.write.redact import Redactor
from logging_core.write.stamps import Stamps
from logging_core.write.told import Told


class Instances(Forkable):
    """Creates the files and the logger of an instance on first use. Thread-safe.

    All methods that take an id, but for `known_logger`, raise `InvalidInstanceIdError` (a
    `ValueError`) if it is invalid, before any file is touched.

    Args:
        tree: The tree.
        config: See `InstanceFiles`.
        shared: Shared by the files of the tree.
        redactor: Replaces secrets.
        stamps: Makes the timestamps.
        told: Is told of each record.
    """

    def __init__(
        self,
        tree: LogTree,
        config: LoggingConfig,
        shared: Shared,
        redactor: Redactor,
        stamps: Stamps,
        told: Told,
    ) -> None:
        super().__init__()
        self._tree = tree
        self._config = config
        self._shared = shared
        self._redactor = redactor
        self._stamps = stamps
        self._told = told
        self._files: dict[str, InstanceFiles] = {}
        self._adapters: dict[str, InstanceAdapter] = {}

    def files(self, instance_id: str) -> InstanceFiles:
        """Return the files of an instance."""
        files = self._files.get(instance_id) if isinstance(instance_id, str) else None
        return files if files is not None and files.described else self._open(instance_id, {})

    def logger(self, instance_id: str, known: Mapping[str, str | None]) -> InstanceAdapter:
        """Return the logger of an instance, the same one each time.

        Args:
            instance_id: The instance.
            known: Values for its `metadata.json`; `None` keeps what is in the tree.
        """
        with self._lock:
            files = self._open(instance_id, known)
            adapter = self._adapters.get(instance_id)
            if adapter is None:
                level = self._config.log_level
                handler = InstanceHandler(files, self._stamps, level)
                adapter = make_instance_logger(handler, instance_id, level)
                self._adapters[instance_id] = adapter
            adapter.rename(known.get("instance_name"))
        return adapter

    def known_logger(self, instance_id: str) -> InstanceAdapter | None:
        """Return the logger of an instance; `None` if it does not exist yet."""
        return self._adapters.get(instance_id)

    def delete(self, instance_id: str) -> None:
        """Delete an instance's directory; if it is a symbolic link, only the link.

        Raises:
            OSError: It could not be deleted.
        """
        directory = self._tree.instance_dir(instance_id)
        with self._lock:
            files = self._files.pop(instance_id, None)
            if files is not None:
                files.close()
            adapter = self._adapters.pop(instance_id, None)
            if adapter is not None:
                adapter.logger.disabled = True
            if directory.is_symlink():
                directory.unlink()
            elif directory.exists():
                shutil.rmtree(directory)

    def close(self) -> None:
        """Close all files; the next record reopens them."""
        with self._lock:
            for files in self._files.values():
                files.close()

    def _open(self, instance_id: str, known: Mapping[str, str | None]) -> InstanceFiles:
        check_instance_id(instance_id)
        with self._lock:
            files = self._files.get(instance_id)
            if files is None:
                files = self._files[instance_id] = InstanceFiles(
                    self._tree, instance_id, self._config, self._shared, self._redactor, self._told
                )
            files.describe(self._stamps.now(), known)
        return files
