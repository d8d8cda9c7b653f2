"""Where the logs go and how much is logged: arguments, then a dict, then the environment."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

DEFAULT_LOG_DIR = Path("/tmp/madrox_logs")  # noqa: S108 - the documented default of the format
LEVELS = {
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "WARNING": logging.WARNING,
    "ERROR": logging.ERROR,
    "CRITICAL": logging.CRITICAL,
}


@dataclass(frozen=True, slots=True)
class LoggingConfig:
    """The options of `LoggingManager`.

    Attributes:
        log_dir: Root of the log tree. Environment `LOG_DIR`; default `/tmp/madrox_logs`.
        log_level: Least level that reaches `orchestrator.log` and `instance.log`, as a
            number of the `logging` module. Environment `LOG_LEVEL`; default `INFO`.
            Messages, captures and audit events are always written.
    """

    log_dir: Path = DEFAULT_LOG_DIR
    log_level: int = logging.INFO

    @classmethod
    def load(
        cls,
        config: Mapping[str, Any] | None = None,
        *,
        log_dir: str | os.PathLike[str] | None = None,
        log_level: str | int | None = None,
        env: Mapping[str, str] = os.environ,
    ) -> Self:
        """Resolve the options; an argument beats `config`, which beats `env`.

        Args:
            config: May hold `log_dir` and `log_level`; other keys are somebody else's and ignored.
            log_dir: Root of the tree; `~` is expanded.
            log_level: A level's name (any case) or number.
            env: Where `LOG_DIR` and `LOG_LEVEL` are looked up; an empty value counts as unset.

        Raises:
            ValueError: The level is neither a known name nor a number.
        """
        given = config or {}
        root = log_dir or given.get("log_dir") or env.get("LOG_DIR") or DEFAULT_LOG_DIR
        level = _first(log_level, given.get("log_level"), env.get("LOG_LEVEL") or None, "INFO")
        return cls(log_dir=Path(root).expanduser(), log_level=parse_level(level))


def parse_level(level: str | int) -> int:
    """Turn a level's name (any case) or number into its number.

    Raises:
        ValueError: It is neither; the message lists the names.
    """
    if isinstance(level, int) and not isinstance(level, bool):
        return level
    text = str(level).strip().upper()
    if text.isdecimal():
        return int(text)
    if text not in LEVELS:
        raise ValueError(f"unknown log level {level!r}: use one of {', '.join(LEVELS)}")
    return LEVELS[text]


def _first(*values: str | int | None) -> str | int:
    return next(value for value in values if value is not None)
