from __future__ import annotations

import shlex

import pytest

from builders import TreeBuilder
from driver import Driver, run_app
from madrox_tui.clipboard import attach_command

NOW_S = TreeBuilder.epoch(60)


def said(person: Driver) -> list[str]:
    return [notice.message for notice in person.notices]


@pytest.mark.parametrize("session", ["madrox-1", "two words", "'; rm -rf ~ #", "$(reboot)", "-x"])
def test_a_session_is_one_argument_whatever_its_name(session: str) -> None:
    """Pasted into a shell, the command names just that session, and runs nothing else."""
    assert shlex.split(attach_command(session)) == ["tmux", "attach", "-t", f"={session}"]


@pytest.mark.asyncio
async def test_the_command_that_attaches_is_copied(tree: TreeBuilder) -> None:
    """`A` copies it for the selected instance, from whichever panel has the focus."""
    tree.metadata("a1", "atlas", tmux_session="madrox-atlas")
    async with run_app(tree.root, now_s=NOW_S) as person:
        await person.sees("atlas")
        await person.press("3", "A")
        assert said(person) == ["copied tmux attach -t =madrox-atlas"]
        assert person.app.clipboard == "tmux attach -t =madrox-atlas"


@pytest.mark.asyncio
async def test_it_is_said_that_a_session_is_not_known(tree: TreeBuilder) -> None:
    """Without a session in metadata.json nothing is copied, and a toast tells why."""
    tree.metadata("a1", "atlas")
    async with run_app(tree.root, now_s=NOW_S) as person:
        await person.sees("atlas")
        await person.press("A")
        assert said(person) == ["cannot attach to atlas: its metadata.json names no tmux_session"]
        assert person.app.clipboard == ""
