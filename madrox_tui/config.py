"""The user's settings: one TOML file, one frozen object.

Precedence: the command line, then the file, then what was remembered from the last run, then the
defaults.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from platformdirs import user_config_path

from madrox_tui.arguments import Options, StartError
from madrox_tui.config_errors import in_words
from madrox_tui.typed_times import parse_time_of

NAME = "madrox-top"
LAYOUTS = ("all", "instances", "pane", "timeline", "audit")
"""All four panels, or the one that is maximised."""


def setting(description: str, *, example: Any = None, **limits: Any) -> Meta:
    """Describe a setting, with an example where it has no default."""
    return Meta(description=description, examples=[example], **limits)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything `config.toml` can contain; users read the description of each field."""

    theme: Annotated[
        str | None, setting("colour theme; if unset, the one chosen last", example="madrox-dark")
    ] = None
    layout: Annotated[
        str | None,
        setting("`all`, or the one panel to start with; if unset, as you left it", example="all"),
    ] = None
    filter: Annotated[str, setting("initial filter, as `--filter`")] = ""
    since: Annotated[str, setting("count only what happened since, as `--since`; empty: all")] = ""
    poll: Annotated[bool, setting("check for changes every two seconds, as `--poll`")] = False
    stuck_after_s: Annotated[
        float, setting("seconds a request may be open before `busy` becomes `stuck`", gt=0)
    ] = 120.0
    bell: Annotated[
        bool, setting("ring the terminal's bell when an instance begins to wait, hang or fail")
    ] = False
    budget_usd: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        setting("budget in US dollars; adds a budget line to the audit panel", example=50.0),
    ] = None
    tick_s: Annotated[
        float, setting("seconds between updates of ages while nothing is logged", ge=0.1, le=3600)
    ] = 1.0
    keys: Annotated[
        dict[str, tuple[str, ...]], setting("keys by action, replacing the built-in ones")
    ] = {}
    prompts: Annotated[
        dict[str, tuple[str, ...]],
        setting(
            "extra regular expressions, by instance type (`*`: any), for questions to a person; "
            "searched in the last 20 lines of a pane"
        ),
    ] = {}


def config_path() -> Path:
    """Return where the user's file is looked up; it need not exist."""
    return user_config_path(NAME) / "config.toml"


def load_settings(path: Path, *, must_exist: bool) -> Settings:
    """Read a settings file.

    Args:
        path: The file.
        must_exist: Whether a missing file is an error; if not, it yields the defaults.

    Raises:
        StartError: The file cannot be read, or is invalid; names file and key.
    """
    try:
        text = path.read_text("utf-8")
        import tomllib  # imported late: few users have a settings file

        tables = tomllib.loads(text)
    except FileNotFoundError:
        if must_exist:
            raise StartError(f"{path} does not exist: --print-config prints a template") from None
        return Settings()
    except OSError as error:
        if isinstance(error, PermissionError) and not must_exist:
            return Settings()  # another user's home, as after `su`: not our settings
        raise StartError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:  # includes invalid UTF-8
        raise StartError(f"{path} is not valid TOML: {error}") from None
    try:
        return parse_settings(tables)
    except ValueError as error:
        raise StartError(f"{path}: {error}") from None


def parse_settings(tables: Mapping[str, Any]) -> Settings:
    """Validate the content of a settings file.

    Raises:
        ValueError: A key is unknown or a value is invalid; names the key.
    """
    known = Settings.__struct_fields__
    for key in tables:
        if key not in known:
            close = get_close_matches(key, known, 1)
            hint = f"did you mean {close[0]}?" if close else "--print-config lists the settings"
            raise ValueError(f"{key}: unknown setting; {hint}")
    for table in _TABLES:
        _check_lists(table, tables.get(table))
    try:
        settings = msgspec.convert(tables, Settings)
    except msgspec.ValidationError as error:
        message, _, place = str(error).rpartition(" - at ")
        name = place.strip("`").removeprefix("$.")
        raise ValueError(f"{name}: {in_words(message, tables[name])}") from None
    _check(settings)
    return settings


def merge(options: Options, settings: Settings) -> Settings:
    """Return the settings, overridden by the command line."""
    return msgspec.structs.replace(
        settings,
        theme=options.theme or settings.theme,
        filter=settings.filter if options.filter is None else options.filter.text,
        poll=options.poll or settings.poll,
    )


def print_settings(keys: Mapping[str, tuple[str, tuple[str, ...]]]) -> str:
    """Return all settings with defaults and descriptions, as TOML ready to save.

    Args:
        keys: Each action's description and built-in keys.
    """
    lines = [f"# madrox-top settings. Save as {config_path()}", ""]
    for name, (description, line) in describe_settings().items():
        lines.append(f"# {description}")
        lines.append(f"[{name}]" if name in _TABLES else line)
        if name == "keys":
            lines += _key_lines(keys)
        if name == "prompts":
            lines.append(r"""# claude = ['Do you want to .+\?']""")
        lines.append("")
    return "\n".join(lines)


def describe_settings() -> dict[str, tuple[str, str]]:
    """Map each setting to its description and the line that sets it to its default.

    For a setting without a default the line is a commented example; for a table it is empty.
    """
    described = {}
    for field in msgspec.structs.fields(Settings):
        meta = field.type.__metadata__[0]
        if field.name in _TABLES:
            line = ""
        elif field.default is None:
            line = f"# {field.name} = {_toml(meta.examples[0])}"
        else:
            line = f"{field.name} = {_toml(field.default)}"
        described[field.name] = (meta.description, line)
    return described


_TABLES = ("keys", "prompts")


def _check(settings: Settings) -> None:
    """Check what the types cannot express.

    Raises:
        ValueError: A value is invalid; names the key.
    """
    for name in ("stuck_after_s", "budget_usd", "tick_s"):
        value = getattr(settings, name)
        if value is not None and not math.isfinite(value):
            raise ValueError(f"{name}: must be a number, not {value}")
    if settings.layout is not None and settings.layout not in LAYOUTS:
        raise ValueError(f"layout: must be one of {', '.join(LAYOUTS)}")
    if settings.since:
        try:
            parse_time_of(settings.since, 0.0)
        except ValueError as error:
            raise ValueError(f"since: {error}") from None
    for kind, patterns in settings.prompts.items():
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(
                    f"prompts.{kind}: {pattern!r} is not a valid pattern: {error}"
                ) from None


def _check_lists(table: str, values: Any) -> None:
    for name, value in values.items() if isinstance(values, dict) else ():
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            form = f", such as [{_toml(value)}]" if isinstance(value, str) else " of strings"
            raise ValueError(f"{table}.{name}: must be a list{form}")


def _key_lines(keys: Mapping[str, tuple[str, tuple[str, ...]]]) -> list[str]:
    width = max((len(name) for name in keys), default=0) + 2
    return [
        f"{_toml(name):<{width}} = {_toml(list(names))}  # {what}"
        for name, (what, names) in keys.items()
    ]


def _toml(value: Any) -> str:
    """Encode a value; for strings, numbers and lists, JSON is valid TOML."""
    return msgspec.json.encode(value).decode()
