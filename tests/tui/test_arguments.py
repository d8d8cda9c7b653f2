"""The arguments of the command line, as people type them."""

from __future__ import annotations

import pytest

from asked import NOW
from madrox_tui.arguments import StartError, parse_arguments
from madrox_tui.config import parse_settings
from madrox_tui.filters import parse_filter
from madrox_tui.typed_times import parse_time_of


@pytest.mark.parametrize("text", ["15m", "-1h30m", "03:00", "2026-11-23", "999999w"])
def test_since_is_any_time_that_can_be_typed(text: str) -> None:
    """In the forms of the dialog that asks for one, with a blank or `=` before it."""
    for arguments in (["--since", text, "logs"], ["logs", f"--since={text}"]):
        options = parse_arguments(arguments, {}, NOW)
        assert not isinstance(options, str)
        assert options.since_s == parse_time_of(text, NOW)
    assert parse_settings({"since": text}).since == text


@pytest.mark.parametrize("text", ["", "soon", "15", "1.5h", "25:00", "2026-13-01"])
def test_since_nonsense_is_refused(text: str) -> None:
    """What is no time is refused with examples, not guessed at."""
    with pytest.raises(StartError, match=r"--since: .* is not a time: use 14:05, 15m"):
        parse_arguments([f"--since={text}"], {}, NOW)


@pytest.mark.parametrize(
    "arguments", [["--filter=-qa"], ["--filter", "-qa"], ["logs", "--filter", "-qa", "--once"]]
)
def test_a_filter_that_begins_with_a_dash_can_be_given(arguments: list[str]) -> None:
    """`--filter -qa` excludes, though it looks like an option."""
    options = parse_arguments(arguments, {}, NOW)
    assert not isinstance(options, str)
    assert options.filter is not None
    assert options.filter.text == parse_filter("-qa").text


@pytest.mark.parametrize("arguments", [["--since"], ["--since", "--once"], ["--since", "-h"]])
def test_an_option_is_no_time(arguments: list[str]) -> None:
    """Where the time was forgotten, the next option is not taken for it."""
    with pytest.raises(StartError, match="--since: expected one argument"):
        parse_arguments(arguments, {}, NOW)


@pytest.mark.parametrize("arguments", [["--filter"], ["--filter", "--once"], ["--filter", "-h"]])
def test_an_option_is_no_filter(arguments: list[str]) -> None:
    """Where the filter's text was forgotten, the next option is not taken for it."""
    with pytest.raises(StartError, match="--filter: expected one argument"):
        parse_arguments(arguments, {}, NOW)
