"""Where the logs go and how much is logged: arguments, then a dict, then the environment."""

from __future__ import annotations

import dataclasses
import logging
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypedDict, Unpack

from logging_core.tree import expand_user

DEFAULT_LOG_DIR = Path("/tmp/madrox_logs")  # noqa: S108 - the documented default of the format
LEVELS = {
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "WARNING": logging.WARNING,
    "ERROR": logging.ERROR,
    "CRITICAL": logging.CRITICAL,
}
SMALLEST_RECORD = 4096
"""Least `max_record_bytes`: room for what a record has besides its text."""

_LEAST = {"max_record_bytes": SMALLEST_RECORD, "max_open_files": 1, "pane_rows": 1}
_SWITCHES = frozenset(
    {"allow_shared", "console", "redact", "redact_messages", "redact_captures", "full_captures"}
)
_SWITCH = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}


class FurtherOptions(TypedDict, total=False):
    """The options of `LoggingConfig` besides the first two; `None` counts as not given."""

    orchestrator_max_bytes: int | None
    orchestrator_backups: int | None
    instance_max_bytes: int | None
    instance_backups: int | None
    audit_days: int | None
    max_record_bytes: int | None
    max_open_files: int | None
    allow_shared: bool | None
    console: bool | None
    redact: bool | None
    redact_messages: bool | None
    redact_captures: bool | None
    redact_patterns: Sequence[str] | str | None
    full_captures: bool | None
    pane_rows: int | None
    heartbeat_s: float | None


class LoggingOptions(FurtherOptions, total=False):
    """The options of `LoggingConfig` as keyword arguments; `None` counts as not given."""

    log_dir: str | os.PathLike[str] | None
    log_level: str | int | None


@dataclass(frozen=True, slots=True)
class LoggingConfig:
    """The options of `LoggingManager`.

    Each is also a key of the dict, and a variable of the environment: `LOG_DIR` and `LOG_LEVEL`,
    and for the others `LOG_` before the name in capitals, such as `LOG_AUDIT_DAYS`.

    Attributes:
        log_dir: Root of the log tree. Default `/tmp/madrox_logs`.
        log_level: Least level that reaches `orchestrator.log` and `instance.log`, as a
            number of the `logging` module. Default `INFO`. Messages, captures and audit events
            are always written.
        orchestrator_max_bytes: `orchestrator.log` is put aside before it grows beyond so many
            bytes. Default 10 MB; 0: never.
        orchestrator_backups: How many of those are kept. Default 5; 0: it is never put aside.
        instance_max_bytes: The same for each `instance.log`. Default 5 MB.
        instance_backups: The same for each `instance.log`. Default 3.
        audit_days: Days that audit files are kept. Default 30; 0: for ever.
        max_record_bytes: Largest record in bytes; longer texts in it are cut, and
            their length and SHA-256 are given. Default 16 MiB, at least 4096.
        max_open_files: Most log files that are open at once; the least recently used ones are
            closed. Default 256.
        allow_shared: Whether a tree is used that another user owns or that others can write.
            Default no: `LogDirError`.
        console: Whether the records of `orchestrator.log` are shown on stderr too. Default no.
        redact: Whether secrets are replaced by `[redacted:kind]` in `orchestrator.log`,
            `instance.log` and the audit trail. Default yes.
        redact_messages: The same for `communication.jsonl`. Default no: it is the full history.
        redact_captures: The same for `tmux_output.log`. Default no.
        redact_patterns: Further regexes (syntax of `re`) of what is a secret, wherever one of the
            three above is on; in a variable or a text, one a line. Default none.
        full_captures: Whether each capture is stored as it was handed over, the whole scrollback
            again and again. Default no: its new lines and its window are.
        pane_rows: Lines of that window; no fewer than the highest pane has. Default 50, at
            least 1.
        heartbeat_s: The window of a pane that does not change is stored again after so many
            seconds. Default 60; 0: at every capture.
    """

    log_dir: Path = DEFAULT_LOG_DIR
    log_level: int = logging.INFO
    orchestrator_max_bytes: int = 10_000_000
    orchestrator_backups: int = 5
    instance_max_bytes: int = 5_000_000
    instance_backups: int = 3
    audit_days: int = 30
    max_record_bytes: int = 16 * 1024 * 1024
    max_open_files: int = 256
    allow_shared: bool = False
    console: bool = False
    redact: bool = True
    redact_messages: bool = False
    redact_captures: bool = False
    redact_patterns: tuple[str, ...] = ()
    full_captures: bool = False
    pane_rows: int = 50
    heartbeat_s: float = 60.0

    @classmethod
    def load(
        cls,
        config: Mapping[str, Any] | None = None,
        *,
        env: Mapping[str, str] = os.environ,
        **options: Unpack[LoggingOptions],
    ) -> Self:
        """Resolve the options; an argument beats `config`, which beats `env`.

        Args:
            config: Options by name; other keys are somebody else's and ignored.
            env: Where `LOG_DIR` and so on are looked up; an empty value counts as unset.
            options: Options by name; `None` counts as not given. Of `log_dir`, `~` is expanded;
                `log_level` is a level's name (any case) or number.

        Raises:
            ValueError: An option has a value that it cannot have; the message names it.
            TypeError: One of `options` is not an option.
        """
        names = [field.name for field in dataclasses.fields(cls)]
        if unknown := options.keys() - set(names):
            raise TypeError(f"unknown option {min(unknown)}: use one of {', '.join(names)}")
        given = config or {}
        found: dict[str, Any] = {}
        for name in names:
            values = (options.get(name), given.get(name), env.get(_variable(name)))
            given_values = [value for value in values if value is not None and value != ""]
            if given_values:
                found[name] = given_values[0]
        return cls(**found)

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = _parse(field.name, getattr(self, field.name))
            object.__setattr__(self, field.name, value)  # frozen from here on

    def with_options(self, **options: Unpack[LoggingOptions]) -> Self:
        """This configuration with some options replaced; `None` leaves what there is.

        Raises:
            ValueError: As for `load`.
        """
        given: dict[str, Any] = {n: value for n, value in options.items() if value is not None}
        return dataclasses.replace(self, **given)


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


def _variable(name: str) -> str:
    return name.upper() if name.startswith("log_") else f"LOG_{name.upper()}"


def _parse(name: str, value: Any) -> Any:
    if name == "log_dir":
        return _parse_path(name, value)
    if name == "log_level":
        return parse_level(value)
    if name in _SWITCHES:
        return _parse_switch(name, value)
    if name == "redact_patterns":
        lines = value.splitlines() if isinstance(value, str) else map(str, value)
        return tuple(line for line in lines if line)
    if name == "heartbeat_s":
        return _parse_seconds(name, value)
    least = _LEAST.get(name, 0)
    text = str(value).strip()
    if isinstance(value, bool) or not text.isdecimal() or int(text) < least:
        raise ValueError(f"{name} is {value!r}: use a whole number, {least} or more")
    return int(text)


def _parse_path(name: str, value: Any) -> Path:
    try:
        return expand_user(value)
    except TypeError:
        raise ValueError(f"{name} is {value!r}: use a path") from None


def _parse_seconds(name: str, value: Any) -> float:
    try:
        seconds = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        seconds = math.nan
    if not seconds >= 0:
        raise ValueError(f"{name} is {value!r}: use seconds, 0 or more")
    return seconds


def _parse_switch(name: str, value: Any) -> bool:
    switch = value if isinstance(value, bool) else _SWITCH.get(str(value).strip().lower())
    if switch is None:
        raise ValueError(f"{name} is {value!r}: use one of {', '.join(_SWITCH)}")
    return switch
