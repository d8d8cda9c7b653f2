"""Options of the writer: arguments override a dict, which overrides the environment."""

from __future__ import annotations

import dataclasses
import logging
import math
import os
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Self, TypedDict, Unpack

from logging_core.tree import expand_user

DEFAULT_LOG_DIR = Path("/tmp/madrox_logs")  # noqa: S108 - the documented default of the format
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
MIN_RECORD_BYTES = 4096
"""Minimum of `max_record_bytes`: leaves room for a record's fields besides its text."""

_MINIMUMS = {"max_record_bytes": MIN_RECORD_BYTES, "max_open_files": 1, "pane_rows": 1}
_SWITCHES = frozenset(
    {"allow_shared", "console", "redact", "redact_messages", "redact_captures", "full_captures"}
)
_SWITCH_VALUES = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}


class FurtherOptions(TypedDict, total=False):
    """All options of `LoggingConfig` but `log_dir` and `log_level`; `None` means not given."""

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
    redact_patterns: Sequence[str | re.Pattern[str]] | str | re.Pattern[str] | None
    full_captures: bool | None
    pane_rows: int | None
    heartbeat_s: float | None


class LoggingOptions(FurtherOptions, total=False):
    """All options of `LoggingConfig` as keyword arguments; `None` means not given."""

    log_dir: str | os.PathLike[str] | None
    log_level: str | int | None


@dataclass(frozen=True, slots=True)
class LoggingConfig:
    """The options of `LoggingManager`.

    Each is also a key of the config dict and an environment variable: `LOG_DIR`, `LOG_LEVEL`, and
    for the others `LOG_` plus the name in upper case, such as `LOG_AUDIT_DAYS`.

    Attributes:
        log_dir: Root of the log tree. Default `/tmp/madrox_logs`.
        log_level: Minimum level for `orchestrator.log` and `instance.log`, as a number of the
            `logging` module. Default `INFO`. Messages, captures and audit events are always
            written.
        orchestrator_max_bytes: `orchestrator.log` is rotated before it exceeds this many bytes.
            Default 10 MB; 0: never.
        orchestrator_backups: Number of rotated files to keep. Default 5; 0: never rotate.
        instance_max_bytes: The same for each `instance.log`. Default 5 MB.
        instance_backups: The same for each `instance.log`. Default 3.
        audit_days: Days to keep files named `audit_<YYYYMMDD>.jsonl`; compressed and renamed ones,
            and the two newest days, are kept in any case. Default 30; 0: forever.
        max_record_bytes: Maximum size of a record in bytes; longer text in it is truncated, and
            an object that is too large without one left out, with a note of its length and
            SHA-256 (of its JSON without spaces). Default 16 MiB, minimum 4096.
        max_open_files: Maximum number of log files open at once; the least recently used are
            closed. Default 256, minimum 1.
        allow_shared: Accept a tree that another user owns or that others can write to. Default
            no: `LogDirError`.
        console: Also print the records of `orchestrator.log` on stderr. Default no.
        redact: Replace secrets with `[redacted:kind]` in `orchestrator.log`, `instance.log`,
            `metadata.json` and the audit trail. Default yes.
        redact_messages: The same for `communication.jsonl`. Default no: it is the full history.
        redact_captures: The same for `tmux_output.log`. Default no.
        redact_patterns: Additional regexes (`re` syntax, texts or compiled) that match secrets,
            applied wherever one of the three options above is on; as a string, one per line.
            Default none.
        full_captures: Store every capture in full, scrollback included. Default no: store its new
            lines and its window.
        pane_rows: Lines in that window, at least the height of the tallest pane. Default 50,
            minimum 1.
        heartbeat_s: The window of an unchanged pane is stored again after this many seconds, or
            as soon as something else was logged about the instance.
            Default 60; 0: at every capture.
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
    redact_patterns: tuple[str | re.Pattern[str], ...] = ()
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
        """Resolve the options: arguments override `config`, which overrides `env`.

        Args:
            config: Options by name; other keys are ignored, but one that looks like a mistyped
                option gives a warning.
            env: Where `LOG_DIR` and so on are looked up; an empty value counts as unset.
            options: Options by name; `None` means not given, and so does an empty text, but for
                `log_dir`, where it is an error. `~` is expanded in `log_dir`; `log_level` is a
                level name (any case) or number.

        Raises:
            ValueError: The value of an option is invalid, or `config` is no mapping; the message
                names the option.
            TypeError: One of `options` is unknown; the message lists the valid names.
        """
        names = [field.name for field in dataclasses.fields(cls)]
        if unknown := options.keys() - set(names):
            raise TypeError(f"unknown option {min(unknown)}: use one of {', '.join(names)}")
        check_config(config, Mapping, "a dict of options, as {'log_dir': PATH}")
        given = config or {}
        _warn_of_mistypes(given.keys() - set(names), names)
        found: dict[str, Any] = {}
        for name in names:
            said = [value for value in (options.get(name), given.get(name)) if value is not None]
            values = [value for value in said if value != "" or name == "log_dir"]
            if variable := env.get(_variable(name)):
                values.append(variable)
            if values:
                found[name] = values[0]
        return cls(**found)

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = _parse(field.name, getattr(self, field.name))
            object.__setattr__(self, field.name, value)  # frozen from here on

    def with_options(self, **options: Unpack[LoggingOptions]) -> Self:
        """Return a copy with some options replaced; `None` keeps the current value.

        Raises:
            ValueError: As for `load`.
        """
        given: dict[str, Any] = {n: value for n, value in options.items() if value is not None}
        return dataclasses.replace(self, **given)


def check_config(config: object, kind: type, use: str) -> None:
    """Check that a `config` is what it must be, or `None`.

    Raises:
        ValueError: It is not; the message ends in what to `use`.
    """
    if config is not None and not isinstance(config, kind):
        raise ValueError(f"config is {config!r}: use {use}")


def parse_level(level: str | int) -> int:
    """Return the number of a level that is given by name (any case) or number.

    Raises:
        ValueError: It is neither; the message lists the names.
    """
    if isinstance(level, int) and not isinstance(level, bool):
        return level
    text = str(level).strip().upper()
    if text.isdecimal():
        return int(text)
    known = logging.getLevelNamesMapping()
    if text not in known:
        raise ValueError(f"unknown log level {level!r}: use one of {', '.join(LEVELS)}")
    return known[text]


def find_log_dir(log_dir: str | os.PathLike[str] | None = None) -> Path:
    """Return the root of the tree: `log_dir`, else `LOG_DIR` of the environment, else the default.

    Raises:
        ValueError: It is not a path, empty, or begins with the home of a user who has none.
    """
    if log_dir is None:
        log_dir = os.environ.get("LOG_DIR") or DEFAULT_LOG_DIR
    return _parse_path("log_dir", log_dir)


def _warn_of_mistypes(keys: Iterable[object], names: Sequence[str]) -> None:
    """Warn of each key that is almost an option; the others are an orchestrator's own."""
    for key in keys:
        for name in get_close_matches(str(key).lower(), names, n=1, cutoff=0.8):
            warnings.warn(f"unknown option {key!r}: did you mean {name!r}?", stacklevel=4)


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
        return _parse_patterns(name, value)
    if name == "heartbeat_s":
        return _parse_seconds(name, value)
    minimum = _MINIMUMS.get(name, 0)
    text = str(value).strip()
    if isinstance(value, bool) or not text.isdecimal() or int(text) < minimum:
        raise ValueError(f"{name} is {value!r}: use a whole number, {minimum} or more")
    return int(text)


def _parse_path(name: str, value: Any) -> Path:
    if value == "":
        raise ValueError(f"{name} is empty: use a path, or None for that of LOG_DIR or the default")
    try:
        return expand_user(value)
    except TypeError:
        raise ValueError(f"{name} is {value!r}: use a path") from None


def _parse_patterns(name: str, value: Any) -> tuple[str | re.Pattern[str], ...]:
    if isinstance(value, str):
        value = value.splitlines()
    elif isinstance(value, re.Pattern):
        value = (value,)
    are_many = isinstance(value, Iterable) and not isinstance(value, bytes)
    if not are_many:
        raise ValueError(f"{name} is {value!r}: use regexes")
    patterns = tuple(pattern for pattern in value if pattern != "")
    for pattern in patterns:
        if not _is_for_texts(pattern):
            raise ValueError(f"{name} has {pattern!r}: use a regex for texts")
    return patterns


def _is_for_texts(pattern: object) -> bool:
    """Return whether something is a regex for texts, compiled or not; one for bytes is none."""
    return isinstance(pattern.pattern if isinstance(pattern, re.Pattern) else pattern, str)


def _parse_seconds(name: str, value: Any) -> float:
    try:
        seconds = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        seconds = math.nan
    if not seconds >= 0:
        raise ValueError(f"{name} is {value!r}: use a number of seconds, 0 or more")
    return seconds


def _parse_switch(name: str, value: Any) -> bool:
    switch = value if isinstance(value, bool) else _SWITCH_VALUES.get(str(value).strip().lower())
    if switch is None:
        raise ValueError(f"{name} is {value!r}: use one of {', '.join(_SWITCH_VALUES)}")
    return switch
