"""The exceptions that logging_core raises."""

from __future__ import annotations


class MadroxLogError(Exception):
    """Base class of this package's exceptions, except plain `ValueError`."""


class LogDirError(MadroxLogError, OSError):
    """A log directory cannot be used; the message gives the path and how to fix it."""


class InvalidInstanceIdError(MadroxLogError, ValueError):
    """An instance id is not 1 to 128 of `A-Z a-z 0-9 . _ -` without a leading dot."""


class HistoryError(MadroxLogError, ValueError):
    """A `History` was asked before `prepare` had read the tree, or after `close`."""
