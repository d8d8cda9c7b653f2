"""Bindings and keys in words: what a key is called, and what it does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache

from textual._keyboard_protocol import FUNCTIONAL_KEYS
from textual.binding import Binding
from textual.content import Content
from textual.dom import DOMNode
from textual.keys import Keys, _character_to_key, key_to_character
from textual.style import Style

Group = tuple[str, Sequence[Binding]]
"""A heading and its bindings."""

KEY_WIDTH = 14
"""Cells for the keys in the palette."""

SEPARATOR = " · "
"""Between the keys that are said on a border."""

_NAMES = {
    "slash": "/",
    "colon": ":",
    "at": "@",
    "equals_sign": "=",
    "minus": "-",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "tilde": "~",
    "question_mark": "?",
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "down": "↓",
    "up": "↑",
    "left": "←",
    "right": "→",
    "space": "Space",
    "enter": "Enter",
    "escape": "Esc",
    "tab": "Tab",
}


CLOSE = "dialog.close"
"""The id of what closes a dialog: Esc always, and the keys that go back in the panels."""

CLOSES = (
    Binding("escape", "dismiss", "Close", id=CLOSE),
    Binding("q", "dismiss", "Close", id="app.quit"),
)
"""What closes a dialog over the panels.

A binding of a dialog that does there what an action does in the panels has the id of that action:
whoever gives the action other keys has them in the dialog, too.
"""

_MODIFIERS = ("ctrl+", "shift+", "alt+", "super+", "hyper+", "meta+")
"""Before the name of a key that is pressed with them."""

_PRESSED = frozenset(
    name for name in (*Keys, *FUNCTIONAL_KEYS.values()) if not name.startswith("<")
)
"""What keys without a character are called; those in `<>` are none."""


def pressing(key: str, words: str) -> Content:
    """Return words a click on which presses a key, given as Textual calls it."""
    return Content(words).stylize(_press(key))


@cache
def _press(key: str) -> Style:
    return Style.from_meta({"@click": f"app.press({key!r})"})


class KeysInForce:
    """The keys that do something now: the built-in ones, or those that replace them.

    Args:
        bindings: All bindings that the user can give other keys.
        replaced: By the id of a binding, the keys that replace its built-in ones.
    """

    def __init__(
        self, bindings: Iterable[Binding], replaced: Mapping[str, tuple[str, ...]]
    ) -> None:
        self._replaced = replaced
        self._keys = {b.id: self.rebound(b).key.split(",")[0].strip() for b in bindings}

    def name(self, binding_id: str) -> str:
        """Return the first key of a binding as people write it: `@`, `Esc`."""
        return one_key_name(self._keys[binding_id])

    def press(self, binding_id: str, does: str = "") -> Content:
        """Return the first key of a binding, and what it does: `@ goes there`; a click does it."""
        return pressing(self._keys[binding_id], f"{self.name(binding_id)}{does}")

    def rebound(self, binding: Binding) -> Binding:
        """Return a binding with its keys."""
        keys = self._replaced.get(binding.id or "")
        return replace(binding, key=",".join(keys)) if keys else binding


def overlay_keys(keys: KeysInForce) -> Content:
    """Return what is said on the border of what lies over the panels, whose keys it has not."""
    return side_by_side(keys.press("view.back", " closes"), keys.press("line.copy", " copies"))


def side_by_side(*said: Content) -> Content:
    """Return what is said on a border, with something between each."""
    return Content(SEPARATOR).join(said)


def is_key(name: str) -> bool:
    """Whether Textual calls a key so: `q`, `slash`, `f5`, `ctrl+g`."""
    _, pressed = _split(name)
    if len(pressed) == 1:
        return pressed.isprintable() and not pressed.isspace()
    return pressed in _PRESSED or pressed in _names_of_characters()


def _split(name: str) -> tuple[str, str]:
    """Return the modifiers of a key, each with its plus sign, and what is pressed with them."""
    pressed = name
    while modifier := next((m for m in _MODIFIERS if pressed.startswith(m) and pressed != m), None):
        pressed = pressed.removeprefix(modifier)
    return name.removesuffix(pressed), pressed


@cache
def _names_of_characters() -> frozenset[str]:
    """What keys are called that type a character which is on some keyboard."""
    return frozenset(_character_to_key(chr(number)) for number in range(0x20, 0x2100))


def at_once(*bindings: Binding) -> tuple[Binding, ...]:
    """Return bindings whose keys are handled before the next key is dispatched.

    So in a burst of keys each one reaches the panel or input that the previous one focused, and
    none overtakes another: those without priority first go from widget to widget.
    """
    return tuple(replace(binding, priority=True) for binding in bindings)


def own_bindings(owner: type[DOMNode]) -> list[Binding]:
    """Return the bindings that a class itself declares, in order."""
    return [b for b in owner.__dict__.get("BINDINGS", []) if isinstance(b, Binding)]


def key_names(binding: Binding) -> str:
    """Return the keys of a binding as people write them: `j ↓`, `Ctrl+D`."""
    return " ".join(one_key_name(key.strip()) for key in binding.key.split(","))


def meaning(binding: Binding) -> str:
    """Return what a binding does: its tooltip, else its description."""
    return binding.tooltip or binding.description


def one_key_name(key: str) -> str:
    """Return one key as people write it: `↓`, `Ctrl+D`, `F5`."""
    held, pressed = _split(key)
    if len(pressed) == 1:
        name = pressed.upper() if "ctrl+" in held else pressed
    else:
        name = _NAMES.get(pressed) or _character(pressed) or pressed.capitalize()
    return held.title() + name


def _character(name: str) -> str | None:
    character = key_to_character(name)
    return character if character is not None and character.isprintable() else None
