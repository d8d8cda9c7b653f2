"""The errors that logging_core raises on purpose."""

from __future__ import annotations


class MadroxLogError(Exception):
    """Base of every error of this package that is not a plain `ValueError`."""


class LogDirError(MadroxLogError, OSError):
    """A log directory cannot be used; the message names the path and the remedy."""


class InvalidInstanceIdError(MadroxLogError, ValueError):
    """An instance id that is not one safe path component (see `tree.check_instance_id`)."""
