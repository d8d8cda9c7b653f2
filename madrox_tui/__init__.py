"""A terminal dashboard of a fleet of AI coding agents. It reads the log tree, and only reads."""

from __future__ import annotations

__version__ = "0.1.0"
