"""The arguments of the command line, as people type them."""

from __future__ import annotations

from datetime import datetime

import pytest

from asked import NOW
from builders import TreeBuilder
from madrox_tui.arguments import StartError, parse_arguments, parse_since
from madrox_tui.filters import parse_filter


@pytest.mark.parametrize(
    ("text", "ago_s"),
    [("90s", 90), ("15m", 900), ("3h", 10_800), ("2d", 172_800), (" 1w ", 604_800), ("0s", 0)],
)
def test_since_may_be_how_long_ago(text: str, ago_s: float) -> None:
    """A number with a unit counts back from now."""
    assert parse_since(text, NOW) == NOW - ago_s


def test_since_may_be_a_moment() -> None:
    """An ISO time or day is local, unless it has an offset."""
    assert parse_since(TreeBuilder.when(60), NOW) == TreeBuilder.epoch(60)
    assert parse_since("2026-11-23T12:00:00Z", NOW) == parse_since("2026-11-23T14:00+02:00", NOW)
    midnight = datetime(2026, 11, 23).astimezone().timestamp()
    assert parse_since("2026-11-23", NOW) == midnight
    assert parse_since("999999w", NOW) == 0


@pytest.mark.parametrize("text", ["", "soon", "15", "m", "-5m", "1.5h", "15 m", "٣h", "2026-13-01"])
def test_since_nonsense_is_refused(text: str) -> None:
    """What is neither is refused with an example, not guessed at."""
    with pytest.raises(ValueError, match="use 15m"):
        parse_since(text, NOW)
    with pytest.raises(StartError, match="--since"):
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


@pytest.mark.parametrize("arguments", [["--filter"], ["--filter", "--once"], ["--filter", "-h"]])
def test_an_option_is_no_filter(arguments: list[str]) -> None:
    """Where the filter's text was forgotten, the next option is not taken for it."""
    with pytest.raises(StartError, match="--filter: expected one argument"):
        parse_arguments(arguments, {}, NOW)
