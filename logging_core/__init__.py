"""Write a Madrox orchestrator's log tree without losing a record, and read it back."""

from __future__ import annotations
