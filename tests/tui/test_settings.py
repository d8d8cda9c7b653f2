"""The settings file: what it may say, and that it never ends in a crash."""

from __future__ import annotations

import errno
import os
import stat
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from builders import TreeBuilder
from madrox_tui.arguments import StartError, parse_arguments
from madrox_tui.bindings import all_keys
from madrox_tui.cli import run
from madrox_tui.config import Settings, config_path, load_settings, merge, parse_settings
from madrox_tui.feed.pulse import Pulse
from madrox_tui.key_names import is_key, one_key_name
from madrox_tui.remember import Memory, Remembered, state_path
from madrox_tui.typed_times import parse_moment

NOW = TreeBuilder.epoch(3600)
Captured = pytest.CaptureFixture[str]


def ask(*arguments: str | Path) -> int:
    return run([str(a) for a in arguments], env={}, now=lambda: NOW)


def test_the_printed_settings_are_the_defaults(capsys: Captured, tmp_path: Path) -> None:
    """`--print-config` prints a file that names every setting and changes nothing."""
    assert ask("--print-config") == 0
    printed = capsys.readouterr().out
    for name in Settings.__struct_fields__:
        assert name in printed
    file = tmp_path / "config.toml"
    file.write_text(printed)
    settings = load_settings(file, must_exist=True)
    assert settings.keys == {name: keys for name, (_, keys) in all_keys().items()}
    assert msgspec.structs.replace(settings, keys={}) == Settings()


def test_the_commented_examples_are_settings_too(capsys: Captured) -> None:
    """What is commented out because it has no default can be uncommented."""
    ask("--print-config")
    lines = capsys.readouterr().out.splitlines()
    examples = [
        line.removeprefix("# ") for line in lines if line.startswith("# ") and " = " in line
    ]
    tables = tomllib.loads("\n".join(line for line in examples if "claude" not in line))
    assert set(tables) == {"theme", "layout", "budget_usd"}
    assert parse_settings(tables)
    prompts = tomllib.loads("\n".join(line for line in examples if "claude" in line))
    assert parse_settings({"prompts": prompts}).prompts


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("colour = 1", "colour: unknown setting; --print-config lists the settings"),
        ("tik_s = 1", "tik_s: unknown setting; did you mean tick_s?"),
        ("tick_s = 'fast'", 'tick_s: must be a number, not a string ("fast")\n'),
        ("tick_s = true", "tick_s: must be a number, not true\n"),
        ("tick_s = 0", "tick_s: must be at least 0.1\n"),
        ("tick_s = 3601", "tick_s: must be at most 3600\n"),
        (f"tick_s = 1{'0' * 400}", "tick_s: number out of range\n"),
        ("poll = 'yes'", 'poll: must be true or false, not a string ("yes")\n'),
        ("theme = 3", "theme: must be a string, not a number (3)\n"),
        ("layout = ['all']", "layout: must be a string, not a list\n"),
        ("since = 2026-11-23", "since: must be a string, not a time (2026-11-23)\n"),
        (f"poll = '{'x' * 99}'", f'poll: must be true or false, not a string ("{"x" * 39}…")\n'),
        ("poll = '\u202e'", 'not a string ("‹U+202E›")\n'),
        ("stuck_after_s = inf", "stuck_after_s: must be a number, not inf"),
        ("budget_usd = nan", "budget_usd: "),
        ("budget_usd = '12'", 'budget_usd: must be a number, not a string ("12")\n'),
        ("budget_usd = -1", "budget_usd: must be more than 0\n"),
        ("layout = 'round'", "layout: must be one of all, instances"),
        ("since = 'soon'", "since: 'soon' is not a time"),
        ("keys = 3", "keys: must be a table, not a number (3)\n"),
        ("keys.'panel.zoom' = 'f5'", 'keys.panel.zoom: must be a list, such as ["f5"]\n'),
        ("keys.'panel.zoom' = [5]", "keys.panel.zoom: must be a list of strings\n"),
        ("prompts.claude = ['(']", "prompts.claude: '(' is not a valid pattern"),
        ("tick_s = ", "is not valid TOML: "),
        ("tick_s = 1\ntick_s = 2", "is not valid TOML: "),
    ],
)
def test_what_is_wrong_is_one_line(
    text: str, complaint: str, tmp_path: Path, capsys: Captured
) -> None:
    """Exit code 2 and one line on stderr, with the file and the key in it."""
    file = tmp_path / "mine.toml"
    file.write_text(text)
    assert ask("--demo", "--once", "--config", file) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert str(file) in error
    assert complaint in error


def test_a_file_that_is_no_text_is_one_line(tmp_path: Path, capsys: Captured) -> None:
    """Bytes that are no UTF-8, a directory, and no file at all are named."""
    garbage = tmp_path / "garbage.toml"
    garbage.write_bytes(b"\xff\x00\x1b[2J")
    for path in (garbage, tmp_path, tmp_path / "missing.toml"):
        assert ask("--config", path, "--once") == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert str(path) in error


def test_the_users_own_file_is_found(tree: TreeBuilder, capsys: Captured) -> None:
    """Without `--config` the file in the user's config directory counts."""
    tree.spawn("a1", "atlas", at=0)
    tree.spawn("b2", "probe", at=0)
    config_path().parent.mkdir(parents=True)
    config_path().write_text("filter = 'probe'")
    assert ask(tree.root, "--once") == 0
    report = capsys.readouterr().out
    assert "probe" in report
    assert "atlas" not in report


def test_arguments_go_before_the_file() -> None:
    """What the command line says replaces what the file says, also by nothing."""
    settings = Settings(theme="nord", filter="role:qa", poll=True)
    options = parse_arguments(["--theme=dracula", "--filter="], {}, NOW)
    assert not isinstance(options, str)
    assert merge(options, settings) == Settings(theme="dracula", poll=True)
    silent = parse_arguments([], {}, NOW)
    assert not isinstance(silent, str)
    assert merge(silent, settings) == settings


def test_when_a_request_is_stuck_can_be_set(
    tree: TreeBuilder, tmp_path: Path, capsys: Captured
) -> None:
    """`stuck_after_s` decides how long a request may be open."""
    tree.spawn("a1", "atlas", at=0)
    tree.send("a1", "m-1", at=3000)
    tree.frame("a1", "the same", at=3000)
    file = tmp_path / "mine.toml"
    for seconds, state in ((300, "stuck"), (3000, "busy")):
        file.write_text(f"stuck_after_s = {seconds}")
        assert ask(tree.root, "--once", "--config", file) == 0
        assert state in capsys.readouterr().out


def test_a_missing_file_is_an_error_only_if_it_was_named(tmp_path: Path) -> None:
    """The user need not have a settings file, but one that `--config` names must be there."""
    with pytest.raises(StartError, match="does not exist"):
        load_settings(tmp_path / "none.toml", must_exist=True)
    assert load_settings(tmp_path / "none.toml", must_exist=False) == Settings()


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("'panel.zom' = ['f5']", "keys.panel.zom: no such action; did you mean panel.zoom?"),
        ("'instances.sort' = ['banana']", "keys.instances.sort: 'banana' is not a key"),
        ("'instances.sort' = ['Ctrl+g']", "keys.instances.sort: 'Ctrl+g' is not a key"),
        ("'instances.sort' = ['f5', '']", "keys.instances.sort: '' is not a key"),
        ("'instances.sort' = ['<any>']", "keys.instances.sort: '<any>' is not a key"),
        ("'instances.sort' = ['q']", "keys.instances.sort: 'q' is already bound to app.quit"),
    ],
)
def test_keys_that_cannot_be_are_named_with_the_file(
    line: str, complaint: str, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An action or a key that does not exist, or a key of two meanings: it does not start."""
    monkeypatch.setattr("madrox_tui.cli._is_terminal", lambda _: True)
    file = tmp_path / "mine.toml"
    file.write_text(f"[keys]\n{line}")
    env = {"TERM": "xterm-256color"}
    assert run([str(tmp_path), "--config", str(file)], env=env, now=lambda: NOW) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"madrox-top: {file}: {complaint}")
    assert error.count("\n") == 1


KEYS = ["f5", "f25", "ctrl+g", "ctrl+@", "ctrl++", "ctrl+shift+f5", "alt+x", "shift+tab", "slash"]


@pytest.mark.parametrize("key", [*"q+-ä%", *KEYS, "pageup", "less_than_sign", "euro_sign"])
def test_every_key_that_can_be_pressed_is_one(key: str) -> None:
    """Single characters, function keys, any with Ctrl, Alt or Shift, and Textual's own names."""
    assert is_key(key)


@pytest.mark.parametrize(
    "key", ["", " ", "banana", "ctrl", "ctrl+", "ctrl+banana", "F5", "Ctrl+g", "\x1b", "f99"]
)
def test_what_is_no_key_is_none(key: str) -> None:
    """Also a word that is the name of some character which no keyboard has."""
    assert not is_key(key)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        *(("f5", "F5"), ("ctrl+d", "Ctrl+D"), ("ctrl+shift+f5", "Ctrl+Shift+F5"), ("G", "G")),
        *(("ctrl++", "Ctrl++"), ("alt+x", "Alt+x"), ("ctrl+pageup", "Ctrl+PgUp"), ("at", "@")),
        *(("percent_sign", "%"), ("delete", "Delete"), ("shift+tab", "Shift+Tab"), ("+", "+")),
    ],
)
def test_keys_are_written_in_one_way(key: str, name: str) -> None:
    """As they are on the keyboard, whatever is pressed with them."""
    assert one_key_name(key) == name


# --- what is remembered -------------------------------------------------------

LEFT = Remembered(theme="nord", panel="audit", zoomed=True, columns=30, heights=(None, 70))


def test_what_was_left_is_found_again(tmp_path: Path) -> None:
    """A saved screen is loaded as it was; the file is the user's only."""
    path = tmp_path / "deep" / "screen.json"
    Memory(path).save(LEFT)
    assert Memory(path).load() == LEFT
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["screen.json"]


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"null", b"[]", b"\xff\xfe", b"[" * 60_000),
        *(b'{"columns": 0}', b'{"columns": 1e99}', b'{"filters": 3}', b'{"filters": [[1]]}'),
        b'{"panels": {"audit": "role"}}',
    ],
)
def test_a_corrupt_memory_is_forgotten(tmp_path: Path, data: bytes) -> None:
    """Whatever the file holds, the screen begins with its defaults."""
    path = tmp_path / "screen.json"
    path.write_bytes(data)
    assert Memory(path).load() == Remembered()


@pytest.mark.fault("R67")
def test_a_memory_that_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    """Where a file stands in the way of the directory, nothing is kept and nothing fails."""
    (tmp_path / "file").write_text("in the way")
    memory = Memory(tmp_path / "file" / "screen.json")
    memory.save(LEFT)
    assert memory.load() == Remembered()
    assert (memory.trouble or "").endswith("screen.json: File exists")
    Memory(tmp_path).save(LEFT)  # a directory is where the file should be
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


@pytest.mark.fault("R67")
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_whether_anything_can_be_saved_is_known_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Without touching what was saved, and without leaving anything behind."""
    memory = Memory(tmp_path / "screen.json")
    memory.save(LEFT)
    memory.try_out()
    assert memory.trouble is None
    real = os.open

    def refuse(path: str, flags: int, *rest: Any, **more: Any) -> int:
        if flags & os.O_CREAT:
            raise OSError(number, os.strerror(number))
        return real(path, flags, *rest, **more)

    monkeypatch.setattr("os.open", refuse)
    refused = Memory(tmp_path / "screen.json")
    refused.try_out()
    monkeypatch.undo()
    assert refused.trouble == f"{tmp_path}/screen.json: {os.strerror(number)}"
    assert memory.load() == LEFT
    assert [file.name for file in tmp_path.iterdir()] == ["screen.json"]


def test_no_test_touches_a_real_home() -> None:
    """Settings and state of the tests live in a directory of their own."""
    for path in (config_path(), state_path()):
        assert not path.is_relative_to(Path.home() / ".config")
        assert os.environ["XDG_CONFIG_HOME"].rpartition("/")[0] in str(path)


# --- moments and rates --------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "ago_s"),
    [
        ("-15m", 900),
        ("15m", 900),
        (" 2h ", 7200),
        ("12:59", 60),
        ("12:59:30", 30),
        ("13:00", 0),
        ("13:01", 86400 - 60),
        ("2026-11-23T12:30", 1800),
        ("2026-11-23 12:30:10", 1790),
        ("-1h30m", 5400),
        ("90m30s", 5430),
        ("1d2h3m4s", 93_784),
        ("1w1s", 604_801),
        ("0s", 0),
        ("2026-11-23", 13 * 3600),
    ],
)
def test_moments_that_can_be_typed(text: str, ago_s: float) -> None:
    """Times of day are the last ones that are over; the units of an age go from large to small."""
    assert parse_moment(text, NOW) == NOW - ago_s


def test_a_moment_may_be_of_another_time_zone() -> None:
    """An ISO time is local, unless it has an offset; no age leads to before the epoch."""
    assert parse_moment("2026-11-22T12:00:00Z", NOW) == parse_moment("2026-11-22T14:00+02:00", NOW)
    assert parse_moment("999999w", NOW) == 0


@pytest.mark.parametrize(
    "text",
    [
        *("", "soon", "25:00", "12:60", "2026-11-24", "2026-13-01", "1:2:3:4", "٣:00"),
        *("--5m", "15", "m", "-", "1.5h", "15 m", "٣h", "5m1h", "1h1h"),
    ],
)
def test_moments_that_are_none(text: str) -> None:
    """What is no time, or still to come, is refused with a reason."""
    with pytest.raises(ValueError, match=r"is not a time|in the future"):
        parse_moment(text, NOW)


def test_the_rate_follows_what_comes_and_fades() -> None:
    """History does not count; ten records a second show as about ten, and as none when they end."""
    now = [0.0]
    pulse = Pulse(lambda: now[0])
    pulse.beat(1_000_000, caught_up=True)
    assert pulse.events_per_s == 0
    for _ in range(600):
        now[0] += 0.05
        pulse.beat(1, caught_up=True)
    assert 18 < pulse.events_per_s < 22
    now[0] += 30
    assert (pulse.events_per_s, pulse.records) == (0, 600)


def test_the_lag_counts_from_when_more_came_than_was_read() -> None:
    """While history is read there is no lag; later it grows until all is shown."""
    now = [0.0]
    pulse = Pulse(lambda: now[0])
    pulse.beat(10, caught_up=False)
    now[0] = 5.0
    assert pulse.lag_s == 0
    pulse.beat(10, caught_up=True)
    pulse.beat(10, caught_up=False)
    now[0] = 7.5
    pulse.beat(10, caught_up=False)
    assert pulse.lag_s == 2.5
    pulse.beat(10, caught_up=True)
    assert pulse.lag_s == 0
