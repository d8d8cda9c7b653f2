from __future__ import annotations

import json
import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logging_core.text import MAX_MARKS, beginning, safe_block, safe_json, safe_line, safe_pane
from payloads import PAYLOADS

HOSTILE = st.sampled_from(
    [payload.data.decode("utf-8", "replace") for payload in PAYLOADS.values()]
)
SPECIAL = st.sampled_from(
    "\x00\x07\x08\t\n\r\x1b[]m;0\x7f\x85\x9b\xad\u0301\u200b\u200d\u2028\u202e\u2066\ufe0f\ufeff"
    "\ud800\udfff\U000e0069\U000e0100\U0001f468\U0001f469é漢"
)
TEXTS = st.one_of(
    st.text(alphabet=st.characters(codec=None, exclude_categories=())),
    st.text(alphabet=SPECIAL),
    st.lists(st.one_of(HOSTILE, st.text(max_size=3), st.text(SPECIAL, max_size=3))).map("".join),
)


def is_safe(char: str) -> bool:
    """Whether a character can neither control a terminal nor hide from a reader."""
    hidden = char in "\u034f\u115f\u1160\u3164\uffa0" or 0xE0000 <= ord(char) <= 0xE0FFF
    return unicodedata.category(char) not in {"Cc", "Cf", "Cs"} and not hidden


def test_no_character_of_unicode_is_hidden() -> None:
    """Of every code point that controls or hides something, a picture is shown."""
    hidden = [char for code in range(0x110000) if not is_safe(char := chr(code))]
    assert len(hidden) > 2_000
    passed = [f"U+{ord(char):04X}" for char in hidden if char in safe_block(char)]
    assert passed == ["U+000A"]


@pytest.mark.fault("R09", "R11")
@pytest.mark.parametrize("name", PAYLOADS)
def test_a_payload_is_shown_and_not_executed(name: str) -> None:
    """Every known attack appears on one line, visibly, with nothing of it removed."""
    payload = PAYLOADS[name]
    shown = safe_line(payload.data.decode("utf-8", "replace"))
    assert shown == payload.shown
    assert all(map(is_safe, shown))


@given(TEXTS)
def test_a_safe_block_holds_only_harmless_characters_and_newlines(text: str) -> None:
    """Whatever the text, no control, surrogate, bidirectional or invisible character is left."""
    assert all(char == "\n" or is_safe(char) for char in safe_block(text))


@given(TEXTS)
def test_a_safe_line_is_one_line(text: str) -> None:
    """No character that any tool takes for a line break is left in a line."""
    shown = safe_line(text)
    assert all(map(is_safe, shown))
    assert len(shown.splitlines()) <= 1


@given(TEXTS)
def test_making_text_safe_twice_changes_nothing(text: str) -> None:
    """Text may pass the sanitiser as often as it likes."""
    for make_safe in (safe_block, safe_line, safe_pane):
        once = make_safe(text)
        assert make_safe(once) == once


@given(TEXTS)
def test_of_escape_sequences_a_safe_pane_keeps_colours_only(text: str) -> None:
    """An escape character left in pane text begins a complete colour sequence."""
    first, *sequences = safe_pane(text).split("\x1b")
    assert all(char == "\n" or is_safe(char) for char in first)
    for sequence in sequences:
        parameters, end, rest = sequence.partition("m")
        assert parameters.startswith("[")
        assert set(parameters[1:]) <= set("0123456789;:")
        assert end == "m"
        assert all(char == "\n" or is_safe(char) for char in rest)


@given(st.lists(TEXTS, min_size=2, max_size=4))
@settings(max_examples=50)
def test_text_that_was_made_safe_in_pieces_is_safe_as_a_whole(pieces: list[str]) -> None:
    """An escape sequence cut in two by a chunk's edge is as harmless as a whole one."""
    assert all(char == "\n" or is_safe(char) for char in "".join(map(safe_block, pieces)))


def test_plain_text_stays_as_it_is() -> None:
    """Letters of any script, accents and emoji are not touched."""
    for text in ("hello", "naïve café", "日本語テスト 🚀", "╭─ box ─╮", "a\nb", "e\u0301"):
        assert safe_block(text) == text


@pytest.mark.fault("R80")
def test_surplus_combining_marks_are_counted() -> None:
    """A character keeps four marks; the others are told as a number."""
    shown = safe_block("a" + "\u0301" * 10 + "b")
    assert shown == "a" + "\u0301" * MAX_MARKS + "‹+6›b"


def test_a_tab_and_a_windows_newline_are_made_plain() -> None:
    """A tab becomes spaces and CR LF a newline; a lone CR is shown."""
    assert safe_block("a\tb\r\nc\rd") == "a   b\nc␍d"


def test_colours_do_not_hide_a_pile_of_marks() -> None:
    """Marks that are coloured one by one are limited like others, and no colour is lost."""
    pile = safe_pane("a" + ("\u0301" * 4 + "\x1b[1m") * 200 + "b\x1b[0m\u0301\x1b[31mж")
    shown = re.sub("\x1b\\[[0-9;]*m", "", pile)
    assert shown == "a" + "\u0301" * 4 + "‹+796›b\u0301ж"
    assert pile.count("\x1b[1m") == 200
    assert pile.endswith("b\u0301\x1b[0m\x1b[31mж")
    cyrillic = "\x1b[31mк\x1b[32mр\x1b[0m"
    assert safe_pane(cyrillic) == cyrillic


def test_unsafe_json_is_escaped_and_says_the_same() -> None:
    """What a terminal would obey is not in it, and a reader gets what was written."""
    value = {"a\u202eb": "\x7f\x9b2J \u200d\U000e0001 ␛ ü 👩\u200d👧\n"}
    unsafe = json.dumps(value, ensure_ascii=False, indent=2)
    safe = safe_json(unsafe)
    assert json.loads(safe) == value
    assert safe_block(safe) == safe
    assert "ü" in safe


@given(
    st.text(st.sampled_from("ab \n\t\u2028é"), max_size=200),
    st.integers(1, 20),
)
def test_a_beginning_is_that_of_the_text_in_one_line(text: str, most: int) -> None:
    """Of four times as many characters as are shown, whatever blanks and breaks are among them."""
    lines = [" ".join(line.split()) for line in text[: 4 * most].split("\n")]
    whole = " ↵ ".join(line for line in lines if line)
    assert beginning(text, most) == whole[:most].rstrip()
