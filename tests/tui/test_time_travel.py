"""Going back in time: every panel goes along, and each key leads where a person expects."""

from __future__ import annotations

import pytest

from builders import TreeBuilder
from driver import run_app
from logging_core.history import History

pytestmark = pytest.mark.asyncio

NOW_S = TreeBuilder.epoch(600)


async def test_who_had_no_name_yet_is_called_as_today(tree: TreeBuilder) -> None:
    """An instance whose spawn is later than its first message is not a mere id."""
    tree.send("a1", "m-0", "the very first", at=0)
    tree.spawn("a1", "atlas", role="qa", at=20)
    tree.send("a1", "m-1", "the second", at=30)
    with History(tree.root) as past:
        async with run_app(tree.root, now_s=NOW_S, past=past) as person:
            await person.sees("● live", "atlas")
            await person.press("3", "g", "j", "at")
            await person.sees("◷ at ")
            await person.misses("the second")
            for panel in ("instances", "pane", "timeline"):
                assert "atlas" in person.panel(panel)
            assert "qa" not in person.panel("instances")
