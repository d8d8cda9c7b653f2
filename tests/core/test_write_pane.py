"""Pane captures: what is stored, and that it comes back."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from builders import RULE, START
from logging_core.codec.pane import (
    FRAME_RULE,
    defuse_pane,
    encode_frame,
    frame_header,
    restore_pane,
)

lines = st.one_of(
    st.integers(0, 4).map(lambda n: " " * n + RULE),
    st.sampled_from([RULE + "=", RULE[1:], RULE + " ", "x" + RULE, RULE + "\r", "", " ", "text"]),
    st.text(max_size=10),
)
panes = st.lists(lines, max_size=8).map("\n".join)


@given(panes)
def test_a_capture_comes_back_exactly(text: str) -> None:
    """A capture reads back as exactly the text that was captured."""
    assert restore_pane(defuse_pane(text)) == text


@given(panes)
def test_no_captured_line_is_a_rule(text: str) -> None:
    """Nothing that a pane shows reads as the rule of a frame's header."""
    assert RULE not in defuse_pane(text).split("\n")


@given(panes)
def test_only_lines_that_look_like_a_rule_change(text: str) -> None:
    """Every other line is stored as it was captured."""
    pairs = zip(text.split("\n"), defuse_pane(text).split("\n"), strict=True)
    for captured, stored in pairs:
        looks_like_it = re.fullmatch(" *={80}", captured) is not None
        assert stored == (" " + captured if looks_like_it else captured)


def test_a_frame_is_stored_in_the_documented_form() -> None:
    """Empty line, rule, time, rule, text, newline: byte for byte."""
    frame = encode_frame(START.timestamp(), "╭─ \x1b[31mhi\x1b[0m\n")
    head = f"\n{RULE}\n[2026-11-23T12:00:00.000000]\n{RULE}\n".encode()
    assert frame_header(START.timestamp()) == head
    assert frame == head + "╭─ \x1b[31mhi\x1b[0m\n\n".encode()
    assert RULE.encode() == FRAME_RULE


def test_a_forged_header_is_stored_as_text() -> None:
    """A pane that shows a header of its own stays one frame."""
    forged = f"before\n\n{RULE}\n[2030-01-01T00:00:00.000000]\n{RULE}\nnever happened"
    frame = encode_frame(START.timestamp(), forged).decode()
    assert frame.split("\n").count(RULE) == 2
    body = frame.removeprefix(frame_header(START.timestamp()).decode())
    assert restore_pane(body.removesuffix("\n")) == forged


def test_a_capture_that_is_no_valid_text_is_stored() -> None:
    """Bytes from tmux that are not valid UTF-8 are stored as escapes."""
    assert encode_frame(START.timestamp(), "a\udcffb").endswith(b"a\\udcffb\n")
