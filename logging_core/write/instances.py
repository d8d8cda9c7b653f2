"""The instances of a tree that are written to: of each its files and its logger."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Mapping

from logging_core.config import LoggingConfig
from logging_core.tree import LogTree, check_instance_id
from logging_core.write.append import Shared
from logging_core.write.forks import Forkable
from logging_core.write.handlers import InstanceHandler
from logging_core.write.instance import InstanceFiles
from logging_core.write.loggers import InstanceAdapter, make_instance_logger
from logging_core.write.redact import Redactor
from logging_core.write.stamps import Stamps


class Instances(Forkable):
    """Makes what an instance needs when it is first written to. Safe to use from several threads.

    Every method that takes an id raises `InvalidInstanceIdError` (a `ValueError`), before any file
    is touched, if it is none.

    Args:
        tree: Where.
        config: See `InstanceFiles`.
        shared: Of the tree.
        redactor: Takes secrets out.
        stamps: Give the times.
    """

    def __init__(
        self,
        tree: LogTree,
        config: LoggingConfig,
        shared: Shared,
        redactor: Redactor,
        stamps: Stamps,
    ) -> None:
        super().__init__()
        self._tree = tree
        self._config = config
        self._shared = shared
        self._redactor = redactor
        self._stamps = stamps
        self._files: dict[str, InstanceFiles] = {}
        self._adapters: dict[str, InstanceAdapter] = {}
        self.after_fork()

    def after_fork(self) -> None:
        """A thread that the child does not have may have been opening an instance."""
        self._lock = threading.RLock()

    def files(self, instance_id: str) -> InstanceFiles:
        """The files of an instance."""
        files = self._files.get(instance_id) if isinstance(instance_id, str) else None
        return files if files is not None and files.described else self._open(instance_id, {})

    def logger(self, instance_id: str, known: Mapping[str, str | None]) -> InstanceAdapter:
        """The logger of an instance, always the same one.

        Args:
            instance_id: Whose.
            known: Goes into its `metadata.json`; `None` leaves what the tree has.
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
        """The logger of an instance, if it was asked for before."""
        return self._adapters.get(instance_id)

    def delete(self, instance_id: str) -> None:
        """Delete an instance's directory; of a symbolic link, only the link.

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
        """Close all files; the next record opens them again."""
        with self._lock:
            for files in self._files.values():
                files.close()

    def _open(self, instance_id: str, known: Mapping[str, str | None]) -> InstanceFiles:
        check_instance_id(instance_id)
        with self._lock:
            files = self._files.get(instance_id)
            if files is None:
                files = InstanceFiles(
                    self._tree, instance_id, self._config, self._shared, self._redactor
                )
            files.describe(self._stamps.now(), known)
            self._files[instance_id] = files
        return files
