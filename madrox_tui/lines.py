"""Lines of styled words: what a report is made of before anything draws it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from madrox_tui.columns import Cell

Line: TypeAlias = Sequence[Cell]
"""Texts that are safe to show, one after the other, each with its cell style."""
