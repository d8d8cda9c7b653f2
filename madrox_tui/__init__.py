"""A terminal dashboard for a fleet of AI coding agents. It only ever reads the log tree."""

from __future__ import annotations

__version__ = "0.1.0"
