"""Lines of styled words: the content of a report, before it is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from madrox_tui.columns import Cell

Line: TypeAlias = Sequence[Cell]
"""Consecutive texts that are safe to show, each with its cell style."""
