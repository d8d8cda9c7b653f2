"""The command line: arguments in, exit code out.

0: success. 1: failed while running. 2: could not start. 130: interrupted from the keyboard. 1 and 2
come with one line on stderr, which never contains log text.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import msgspec

from logging_core.errors import MadroxLogError
from logging_core.text import safe_json, safe_line
from madrox_tui.arguments import Options, StartError, parse_arguments
from madrox_tui.config import Settings, config_path, load_settings, merge, print_settings
from madrox_tui.forked import Forked
from madrox_tui.typed_times import parse_time_of

if TYPE_CHECKING:
    from madrox_tui.feed.first_view import FirstView
    from madrox_tui.report.read import Report

PAINTS_PER_S = "120"
"""Textual's maximum paint rate: after a paint the next one, even for a key, waits for up to two
such intervals."""

_PLAIN_TERMINALS = frozenset({"", "dumb"})


def main(argv: Sequence[str] | None = None) -> int:
    """Run `madrox-top`.

    Args:
        argv: The arguments after the program's name; `None` for the process's own.

    Returns:
        The exit code.
    """
    try:
        return run(sys.argv[1:] if argv is None else argv, env=os.environ, now=time.time)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 0
    except Exception as error:  # noqa: BLE001 - a traceback would show log text
        _complain(f"failed: {describe_failure(error)}")
        return 1


def run(argv: Sequence[str], *, env: Mapping[str, str], now: Callable[[], float]) -> int:
    """Run like `main`, but let errors that occur while running propagate.

    Args:
        argv: The arguments after the program's name.
        env: Where `LOG_DIR`, `TERM` and `COLUMNS` are looked up.
        now: The clock, seconds since the epoch.
    """
    try:
        _check_output()
        options = parse_arguments(argv, env, now())
        if isinstance(options, str):
            _write(options.encode())
            return 0
        if options.print_config:
            _write(_all_settings().encode())
            return 0
        return _show(_resolve(options, now()), env, now)
    except (StartError, MadroxLogError) as error:
        _complain(str(error))
        return 2


def describe_failure(error: BaseException) -> str:
    """Say what failed and where, without any log text: `KeyError at fleet.py:33`."""
    if isinstance(error, OSError) and error.strerror:
        name = error.filename
        return f"{error.strerror}: {os.fsdecode(name)}" if name is not None else error.strerror
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    file = Path(trace.tb_frame.f_code.co_filename).name
    return f"{type(error).__name__} at {file}:{trace.tb_lineno}"


# --- what is asked for -------------------------------------------------------


class _Wanted(msgspec.Struct, frozen=True):
    """The arguments and settings, combined."""

    options: Options
    settings: Settings
    since_s: float | None


def _resolve(options: Options, now_s: float) -> _Wanted:
    path = options.config or config_path()
    settings = merge(options, load_settings(path, must_exist=options.config is not None))
    since_s = options.since_s
    if since_s is None and settings.since:
        since_s = parse_time_of(settings.since, now_s)
    return _Wanted(options, settings, since_s)


def _all_settings() -> str:
    from madrox_tui.bindings import all_keys  # loads the widgets, and so Textual

    return print_settings(all_keys())


def _show(wanted: _Wanted, env: Mapping[str, str], now: Callable[[], float]) -> int:
    options = wanted.options
    report = options.once or options.json or not _is_terminal(sys.stdout)
    if not report:
        _check_terminal(env)
    elif options.theme is not None:
        _check_theme(wanted)
    if options.demo:
        from logging_core.demo import demo_tree  # only the demo needs the writer

        screen = "madrox_tui.app"  # the slowest import, loaded while the child process writes
        with demo_tree((lambda: None) if report else (lambda: import_module(screen))) as root:
            return _show_tree(root, wanted, env, now, report=report)
    _check_log_dir(options.root, may_wait=not report)
    return _show_tree(options.root, wanted, env, now, report=report)


def _show_tree(
    root: Path,
    wanted: _Wanted,
    env: Mapping[str, str],
    now: Callable[[], float],
    *,
    report: bool,
) -> int:
    if report:
        from madrox_tui.report.read import read_report

        read = read_report(root, wanted.settings, since_s=wanted.since_s, now=now)
        _write(_as_json(read, root) if wanted.options.json else _as_text(read, root, env))
        return 0
    gc.disable()  # until the first paint: nothing loaded before it is garbage
    try:
        with Forked(partial(_prefetch, root, wanted, now)) as prefetched:
            os.environ.setdefault("TEXTUAL_FPS", PAINTS_PER_S)
            _import_asyncio()
            import_module("textual.app")  # slow; a report must not pay for it
            prefetched.hurry()
            from madrox_tui.app import run_app

            _check_keys(wanted)
            _check_theme(wanted)
            return run_app(
                root,
                settings=wanted.settings,
                since_s=wanted.since_s,
                prefetched=prefetched.take,
            )
    finally:
        gc.enable()


def _import_asyncio() -> None:
    """Import it without OpenSSL, which takes 4.5 MB and 6 ms: the dashboard connects to nothing."""
    if "ssl" not in sys.modules:
        sys.modules["ssl"] = None  # type: ignore[assignment]  # `import ssl` finds no such module
        try:
            import_module("asyncio")
        finally:
            del sys.modules["ssl"]


def _prefetch(
    root: Path, wanted: _Wanted, now: Callable[[], float], enough: Callable[[], bool]
) -> FirstView:
    from madrox_tui.feed.prefetch import prefetch
    from madrox_tui.panels.audit.view import kept_grouping
    from madrox_tui.remember import Memory, state_path

    by = kept_grouping(Memory(state_path()).load().panels.get("audit", {}))
    since_s = wanted.since_s
    return prefetch(root, wanted.settings, by=by, since_s=since_s, now=now, enough=enough)


def _check_keys(wanted: _Wanted) -> None:
    if not wanted.settings.keys:
        return
    from madrox_tui.bindings import keymap

    try:
        keymap(wanted.settings.keys)
    except ValueError as error:
        raise StartError(f"{wanted.options.config or config_path()}: {error}") from None


def _check_theme(wanted: _Wanted) -> None:
    if wanted.settings.theme is None:
        return
    from madrox_tui.colours.themes import check_theme  # loads much of Textual

    source = "--theme" if wanted.options.theme else wanted.options.config or config_path()
    try:
        check_theme(wanted.settings.theme)
    except ValueError as error:
        raise StartError(f"{source}: {error}") from None


def _as_json(read: Report, root: Path) -> bytes:
    import orjson  # the dashboard's first paint does not wait for it

    from madrox_tui.report.as_json import to_json
    from madrox_tui.report.read import metadata_as_written

    report = to_json(read.state, str(root), metadata_as_written(root))
    data = orjson.dumps(report, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    return safe_json(data.decode()).encode()


def _as_text(read: Report, root: Path, env: Mapping[str, str]) -> bytes:
    from madrox_tui.report.as_text import to_text

    columns = env.get("COLUMNS", "")
    width = int(columns) if columns.isdecimal() and int(columns) else None
    if width is None and _is_terminal(sys.stdout):
        width = os.get_terminal_size(sys.stdout.fileno()).columns or None
    text = to_text(read.state, str(root), width, names=read.names, limits=read.limits)
    return text.encode(sys.stdout.encoding or "utf-8", errors="replace")


# --- the terminal and the tree -----------------------------------------------


def _check_output() -> None:
    if sys.stdout is None:
        raise StartError("standard output is closed: there is nowhere to write")


def _check_terminal(env: Mapping[str, str]) -> None:
    for stream, name in ((sys.stdin, "input"), (sys.stderr, "error")):
        if not _is_terminal(stream):
            raise StartError(
                f"standard {name} is not a terminal: run in one, or use --once or --json"
            )
    term = env.get("TERM", "")
    if term in _PLAIN_TERMINALS:
        raise StartError(f"TERM={term} cannot show the dashboard: set TERM, or use --once")


def _check_log_dir(root: Path, *, may_wait: bool) -> None:
    try:
        os.scandir(root).close()
        searchable = os.access(root, os.X_OK)
    except FileNotFoundError:
        if may_wait:
            return
        raise StartError(f"{root} does not exist: pass another LOG_DIR, or try --demo") from None
    except NotADirectoryError:
        raise StartError(f"{root} is not a directory: pass the one with instances/ in it") from None
    except PermissionError:
        searchable = False
    except OSError as error:
        raise StartError(f"{root} cannot be read ({error.strerror}): pass another one") from None
    if not searchable:
        raise StartError(f"{root} cannot be read (permission denied): ask its owner for access")


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and not stream.closed and stream.isatty()


def _write(data: bytes) -> None:
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except OSError:
        # The interpreter would flush what is left in the buffer on exit, and fail again, loudly.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        raise


def _complain(message: str) -> None:
    if sys.stderr is not None:
        with suppress(OSError):
            sys.stderr.write(f"madrox-top: {safe_line(message)}\n")
            sys.stderr.flush()
