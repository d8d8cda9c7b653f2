"""The audit panel in the whole dashboard: its sums, its rows, and the health of the logs."""

from __future__ import annotations

import pytest

from builders import TreeBuilder
from driver import run_app

pytestmark = pytest.mark.asyncio

NOW_S = TreeBuilder.epoch(600)


async def test_sums_by_role_their_rows_and_the_logs_health(tree: TreeBuilder) -> None:
    """`b` sums otherwise, Enter lists what stands behind a sum, `~` shows what was unreadable."""
    tree.spawn("a1", "atlas", role="architect", at=0)
    tree.spawn("b2", "probe", role="qa", at=5)
    for instance_id, cost in (("a1", 0.5), ("b2", 0.25)):
        tree.send(instance_id, "m-1", at=60)
        tree.receive(instance_id, "m-1", at=70, tokens=1200, cost=cost, response_time=10.0)
    tree.line("audit/audit_20261123.jsonl", b'{"torn\x1b[31m\n')
    async with run_app(tree.root, now_s=NOW_S) as person:
        await person.sees("$0.75", "probe")
        await person.press("4", "z")
        await person.sees("$5.09/h all", "response time p95", "INSTANCE")
        await person.press("b")
        await person.sees("ROLE", "architect", "qa")
        await person.press("j", "enter")
        await person.sees("qa · probe · 2026-11-23", "12:01:10", "$0.25", "10.0s")
        assert "$0.50" not in person.line_with("12:01:10")
        await person.press("escape", "tilde")
        await person.sees("Log health", "audit/audit_20261123.jsonl", '{"torn␛[31m', "Disk")
        await person.press("escape")
        await person.misses("Log health")


async def test_a_row_behind_a_sum_opens_its_message(tree: TreeBuilder) -> None:
    """Enter shows both halves of an exchange, also of one that the timeline no longer holds."""
    tree.spawn("a1", "atlas", at=0)
    for number in range(3):
        tree.send("a1", f"m-{number}", f"request {number}", at=60 + number * 20)
        tree.receive("a1", f"m-{number}", f"reply {number}", at=70 + number * 20, tokens=12)
    async with run_app(tree.root, now_s=NOW_S) as person:
        await person.sees("reply 2", "36 tok")
        await person.press("4", "enter", "j", "enter")
        await person.sees("request 1", "reply 1", "message  m-1", "→ to atlas", "← from atlas")
        await person.press("escape")
        await person.misses("message  m-1")
        await person.sees("3 exchanges")


async def test_a_row_of_a_failure_opens_its_request(tree: TreeBuilder) -> None:
    """Enter shows the error beside what was asked, and not what another life replied."""
    for life in (0, 40):
        tree.spawn("a1", "atlas", at=life)
        tree.send("a1", "m-1", f"request of {life}", at=life + 10)
    tree.audit("instance_failed", "a1", {"message_id": "m-1", "error": "no reply"}, at=30)
    tree.receive("a1", "m-1", "reply of 40", at=60)
    async with run_app(tree.root, now_s=NOW_S) as person:
        await person.sees("atlas", "reply of 40", "✗ failed after 20.0s")
        await person.press("4", *"bbbbbb")
        await person.sees("no reply")
        await person.press("enter", "enter")
        await person.sees("request of 0", "instance_failed", "→ to atlas", "✗ atlas")


async def test_a_row_without_a_message_shows_what_it_says(tree: TreeBuilder) -> None:
    """Where no message is found, its frame holds the event: all its details, and its error."""
    tree.spawn("a1", "atlas", at=0)
    tree.audit("instance_error", "a1", {"error": "disk full\x1b[31m", "left": [0, "kB"]}, at=60)
    tree.audit("message_exchange", "a1", {"message_id": "m-1", "tokens_estimated": 7}, at=61)
    async with run_app(tree.root, now_s=NOW_S) as person:
        await person.sees("atlas")
        await person.press("4", "enter")
        await person.sees("12:01:01  m-1")
        await person.press("enter")
        await person.sees("message_exchange", '"message_id": "m-1"', "· atlas")
        await person.press("escape", "escape", *"bbbbbb")
        await person.sees("disk full␛[31m")
        await person.press("enter")
        await person.sees("12:01:00  disk full␛[31m")
        await person.press("enter")
        await person.sees("✗ atlas", "instance_error", '"error": "disk full␛[31m"', '"kB"')
