"""The keys of a dashboard without settings."""

from __future__ import annotations

from madrox_tui.bindings import keys_in_force

KEYS = keys_in_force({})
"""The built-in keys."""
