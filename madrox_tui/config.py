"""The user's settings: one TOML file, one frozen object.

What the command line says goes before what the file says, and that before what is remembered from
the last time; what none of them says has its default.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import msgspec
import orjson
from msgspec import Meta
from platformdirs import user_config_path

from madrox_tui.arguments import Options, StartError, parse_since

NAME = "madrox-top"
LAYOUTS = ("all", "instances", "pane", "timeline", "audit")
"""Four panels, or the one that has the screen."""


def says(description: str, *, example: Any = None, **limits: Any) -> Meta:
    """What a setting means; an example where it has no default."""
    return Meta(description=description, examples=[example], **limits)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that `config.toml` may hold; the description of each field is what users read."""

    theme: Annotated[
        str | None, says("colours; what is not set here is remembered", example="madrox-dark")
    ] = None
    layout: Annotated[
        str | None,
        says("`all`, or the one panel to begin with; else as it was left", example="all"),
    ] = None
    filter: Annotated[str, says("the filter to begin with, as `--filter`")] = ""
    since: Annotated[str, says("count only what happened since, as `--since`; empty: all")] = ""
    poll: Annotated[bool, says("look for changes every two seconds, as `--poll`")] = False
    stuck_after_s: Annotated[
        float, says("seconds that a request may be open before `busy` becomes `stuck`", gt=0)
    ] = 120.0
    budget_usd: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        says("US dollars: the audit's budget line", example=50.0),
    ] = None
    tick_s: Annotated[
        float, says("seconds between two looks at ages on a quiet tree", ge=0.1, le=3600)
    ] = 1.0
    keys: Annotated[
        dict[str, tuple[str, ...]], says("keys by action, in place of the built-in ones")
    ] = {}
    prompts: Annotated[
        dict[str, tuple[str, ...]],
        says("more regular expressions by instance type (`*`: any) of questions to a person"),
    ] = {}


def config_path() -> Path:
    """Where the user's file is looked for; it need not exist."""
    return user_config_path(NAME) / "config.toml"


def load_settings(path: Path, *, must_exist: bool) -> Settings:
    """Read a settings file.

    Args:
        path: The file.
        must_exist: Whether it is an error that there is none; else all defaults are given.

    Raises:
        StartError: It cannot be read, or something in it is wrong; names file and key.
    """
    try:
        text = path.read_text("utf-8")
        import tomllib  # few have a file of their own

        tables = tomllib.loads(text)
    except FileNotFoundError:
        if must_exist:
            raise StartError(f"{path} does not exist: --print-config writes one") from None
        return Settings()
    except OSError as error:
        if isinstance(error, PermissionError) and not must_exist:
            return Settings()  # another user's home, as after `su`: nothing of it is ours
        raise StartError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:  # also what is not UTF-8
        raise StartError(f"{path} is no TOML: {error}") from None
    try:
        return parse_settings(tables)
    except ValueError as error:
        raise StartError(f"{path}: {error}") from None


def parse_settings(tables: Mapping[str, Any]) -> Settings:
    """Check the content of a settings file.

    Raises:
        ValueError: A key is unknown, or a value is none that it can have; names the key.
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
        raise ValueError(f"{place.strip('`').removeprefix('$.')}: {_lower(message)}") from None
    _check(settings)
    return settings


def merge(options: Options, settings: Settings) -> Settings:
    """The settings, with what the command line says in their place."""
    return msgspec.structs.replace(
        settings,
        theme=options.theme or settings.theme,
        filter=settings.filter if options.filter is None else options.filter.text,
        poll=options.poll or settings.poll,
    )


def print_settings(keys: Mapping[str, tuple[str, tuple[str, ...]]]) -> str:
    """All settings with their defaults and what they mean: TOML that can be saved as the file.

    Args:
        keys: By action: what it does, and its built-in keys.
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


def settings_markdown() -> str:
    """All settings as a Markdown table."""
    lines = ["| setting | what it is | default |", "|---|---|---|"]
    for name, (description, line) in describe_settings().items():
        default = "–" if line.startswith("#") or not line else f"`{line.partition(' = ')[2]}`"
        lines.append(
            f"| `{f'[{name}]' if name in _TABLES else name}` | {description} | {default} |"
        )
    return "\n".join(lines)


def describe_settings() -> dict[str, tuple[str, str]]:
    """By name: what a setting means, and the line that sets it to its default.

    A setting without a default has a commented example; one that is a table has no line.
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
    """What types cannot say.

    Raises:
        ValueError: Something is wrong; names the key.
    """
    for name in ("stuck_after_s", "budget_usd", "tick_s"):
        value = getattr(settings, name)
        if value is not None and not math.isfinite(value):
            raise ValueError(f"{name}: must be a number, not {value}")
    if settings.layout is not None and settings.layout not in LAYOUTS:
        raise ValueError(f"layout: must be one of {', '.join(LAYOUTS)}")
    if settings.since:
        try:
            parse_since(settings.since, 0.0)
        except ValueError as error:
            raise ValueError(f"since: {error}") from None
    for kind, patterns in settings.prompts.items():
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"prompts.{kind}: {pattern!r} is no pattern: {error}") from None


def _check_lists(table: str, values: Any) -> None:
    for name, value in values.items() if isinstance(values, dict) else ():
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            raise ValueError(f"{table}.{name}: must be a list of texts")


def _key_lines(keys: Mapping[str, tuple[str, tuple[str, ...]]]) -> list[str]:
    width = max((len(name) for name in keys), default=0) + 2
    return [
        f"{_toml(name):<{width}} = {_toml(list(names))}  # {what}"
        for name, (what, names) in keys.items()
    ]


def _toml(value: Any) -> str:
    """A value of a setting; of strings, numbers and lists, JSON is TOML."""
    return orjson.dumps(value).decode()


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]
