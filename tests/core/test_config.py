"""The options of a writer, and where they come from."""

from __future__ import annotations

import dataclasses
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from logging_core import InstanceManager, LoggingManager, LogQuery
from logging_core.config import DEFAULT_LOG_DIR, LoggingConfig, parse_level


def test_an_argument_beats_the_dict_which_beats_the_environment() -> None:
    """Precedence is decided for each option separately."""
    env = {"LOG_DIR": "/env", "LOG_LEVEL": "ERROR"}
    config = {"log_dir": "/dict", "log_level": "WARNING", "model": "somebody else's"}
    assert LoggingConfig.load(env=env) == LoggingConfig(Path("/env"), logging.ERROR)
    assert LoggingConfig.load(config, env=env) == LoggingConfig(Path("/dict"), logging.WARNING)
    chosen = LoggingConfig.load(config, log_dir="/arg", log_level="DEBUG", env=env)
    assert chosen == LoggingConfig(Path("/arg"), logging.DEBUG)
    mixed = LoggingConfig.load({"log_dir": "/dict"}, env=env)
    assert mixed == LoggingConfig(Path("/dict"), logging.ERROR)


@pytest.mark.parametrize("env", [{}, {"LOG_DIR": "", "LOG_LEVEL": ""}])
def test_without_a_word_the_documented_defaults_hold(env: dict[str, str]) -> None:
    """Nothing set, or set to nothing: `/tmp/madrox_logs` at `INFO`."""
    assert LoggingConfig.load(env=env) == LoggingConfig(DEFAULT_LOG_DIR, logging.INFO)
    assert Path("/tmp/madrox_logs") == DEFAULT_LOG_DIR


def test_the_home_directory_may_be_written_as_a_tilde(monkeypatch: pytest.MonkeyPatch) -> None:
    """`~/logs` is below the user's home."""
    monkeypatch.setenv("HOME", "/home/ada")
    assert LoggingConfig.load(log_dir="~/logs", env={}).log_dir == Path("/home/ada/logs")


@pytest.mark.parametrize("path", ["~no.such.user/logs", 5])
def test_a_path_that_cannot_be_names_its_option(path: Any) -> None:
    """The home of an unknown user, or a value that is not a path, is a `ValueError`."""
    with pytest.raises(ValueError, match=r"no such home directory|log_dir is 5: use a path"):
        LoggingConfig.load(log_dir=path, env={})


@pytest.mark.parametrize("make", [LoggingManager, LogQuery, InstanceManager])
def test_an_empty_path_is_an_error(make: Callable[[Any], object]) -> None:
    """A path that was left empty does not silently become that of `LOG_DIR`."""
    with pytest.raises(ValueError, match="log_dir is empty: use a path, or None for that of LOG_D"):
        make({"log_dir": ""} if make is InstanceManager else "")
    with pytest.raises(ValueError, match="log_dir is empty"):
        LoggingConfig(log_dir="")  # type: ignore[arg-type]  # what is tested


@pytest.mark.parametrize("config", ["/var/log", ["log_dir"], 0])
def test_a_config_that_is_no_mapping_is_an_error(config: Any) -> None:
    """A path in the place of the options is refused, with a word on what they look like."""
    with pytest.raises(ValueError, match=r"config is .*: use a dict of options, as {'log_dir'"):
        InstanceManager(config)
    with pytest.raises(ValueError, match=r"config is .*: use LoggingConfig"):
        LoggingManager(config={"log_dir": "/var/log"})  # type: ignore[arg-type]  # what is tested


def test_a_mistyped_option_is_refused() -> None:
    """An unknown option is an error that lists the options, and not silently ignored."""
    options: Any = {"audit_dayz": 3}
    with pytest.raises(TypeError, match="unknown option audit_dayz: use one of log_dir, "):
        LoggingConfig.load(**options)
    with pytest.raises(TypeError, match="audit_dayz"):
        LoggingConfig().with_options(**options)


def test_options_are_checked_however_they_are_given() -> None:
    """A configuration that is constructed directly accepts and refuses the same values."""
    given: Any = {"log_level": "debug", "log_dir": "/logs", "console": "yes"}
    assert LoggingConfig(**given) == LoggingConfig.load(**given, env={})
    with pytest.raises(ValueError, match="audit_days is -3: use a whole number, 0 or more"):
        LoggingConfig(audit_days=-3)


@pytest.mark.parametrize(
    ("level", "number"),
    [
        *(("debug", 10), (" Info ", 20), ("WARNING", 30), (40, 40), ("50", 50), (0, 0)),
        *(("warn", 30), ("WARN", 30), ("fatal", 50), ("NOTSET", 0)),
    ],
)
def test_a_level_is_a_name_in_any_case_or_a_number(level: str | int, number: int) -> None:
    """Levels are taken as people write them."""
    assert parse_level(level) == number
    assert LoggingConfig.load(log_level=level, env={}).log_level == number


@pytest.mark.parametrize("level", ["LOUD", "", "-1", "1.5", True])
def test_an_unknown_level_says_what_is_known(level: str | int) -> None:
    """An unknown level is refused, with a list of the valid names."""
    with pytest.raises(ValueError, match="use one of DEBUG, INFO, WARNING, ERROR, CRITICAL"):
        parse_level(level)


def test_every_option_comes_from_all_three_places() -> None:
    """Each option has a variable, a key and an argument of its name; the nearest counts."""
    env = {
        "LOG_AUDIT_DAYS": "7",
        "LOG_ORCHESTRATOR_MAX_BYTES": " 1000 ",
        "LOG_CONSOLE": "Yes",
        "LOG_ALLOW_SHARED": "",
        "LOG_REDACT": "off",
        "LOG_REDACT_PATTERNS": "one\ntwo, too\n",
        "LOG_HEARTBEAT_S": "2.5",
    }
    found = LoggingConfig.load(
        {"audit_days": 8, "instance_backups": "2"}, max_open_files=9, env=env
    )
    expected = LoggingConfig(
        orchestrator_max_bytes=1000,
        audit_days=8,
        instance_backups=2,
        max_open_files=9,
        console=True,
        redact=False,
        redact_patterns=("one", "two, too"),
        heartbeat_s=2.5,
    )
    assert found == expected
    assert found.with_options(audit_days=0, console=None).audit_days == 0
    assert found.with_options(log_level="ERROR").console is True


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("audit_days", "-1"),
        ("pane_rows", "0"),
        ("heartbeat_s", "-1"),
        ("heartbeat_s", "nan"),
        ("heartbeat_s", "often"),
        ("redact_captures", "maybe"),
        ("audit_days", "soon"),
        ("instance_backups", True),
        ("orchestrator_max_bytes", 1.5),
        ("max_record_bytes", 100),
        ("max_open_files", 0),
        ("console", "maybe"),
        ("allow_shared", 2),
        ("redact_patterns", 5),
        ("redact_patterns", b"secret"),
    ],
)
def test_a_value_that_an_option_cannot_have_is_named(name: str, value: object) -> None:
    """The error says which option it is, and what it may be."""
    with pytest.raises(ValueError, match=rf"{name} is .*: use"):
        LoggingConfig.load({name: value}, env={})


def test_a_compiled_pattern_is_as_good_as_a_text() -> None:
    """Patterns keep their flags; one for bytes, or no pattern at all, is refused."""
    pattern = re.compile(r"corp-\d+", re.IGNORECASE)
    assert LoggingConfig(redact_patterns=(pattern,)).redact_patterns == (pattern,)
    given: Any
    for given in (pattern, [pattern], ["", pattern]):
        assert LoggingConfig.load(redact_patterns=given, env={}).redact_patterns == (pattern,)
    for wrong in (re.compile(b"x"), 5, None):
        with pytest.raises(ValueError, match=r"redact_patterns has .*: use a regex for texts"):
            LoggingConfig.load({"redact_patterns": [wrong]}, env={})


def test_a_key_that_is_almost_an_option_is_told() -> None:
    """An orchestrator's dict may hold other things, but a mistyped option is not passed over."""
    for key, meant in {
        "audit_day": "audit_days",
        "LOG_DIR": "log_dir",
        "redact_pattern": "",
    }.items():
        with pytest.warns(UserWarning, match=f"unknown option '{key}': did you mean '{meant}"):
            LoggingConfig.load({key: "5"}, env={})
    other = {"max_instances": 5, "model": "opus", "database": "x", "port": 1, 7: 7}
    assert LoggingConfig.load(other, env={}) == LoggingConfig()  # type: ignore[arg-type]


def test_the_environment_is_looked_at_when_the_options_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A variable that is set after the import counts."""
    monkeypatch.setenv("LOG_AUDIT_DAYS", "3")
    assert LoggingConfig.load().audit_days == 3


def test_the_readme_lists_every_option_with_its_default() -> None:
    """The table of options is the one of `LoggingConfig`, in its order, with its defaults."""
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    table = readme.partition("<!-- options:")[2].partition("<!-- /options -->")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| `")]
    shown = {row[0].strip("`"): row[-1].strip("`") for row in rows}
    words = {True: "yes", False: "no", logging.INFO: "INFO", (): "none"}
    fields = dataclasses.asdict(LoggingConfig())
    expected = {
        name: words[value] if type(value) is bool or value in ((), logging.INFO) else str(value)
        for name, value in fields.items()
    }
    assert shown == expected
    assert list(shown) == list(expected)
