"""Audit lines decoded in bulk: never anything but what decoding them one by one gives."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import TreeBuilder
from logging_core.analyse.fleet import FleetModel
from logging_core.analyse.state import FleetState
from logging_core.codec.bulk import decode_exchanges
from logging_core.codec.decode import decode_audit
from logging_core.exchanges import UNKNOWN
from logging_core.read.follow import follow
from logging_core.read.reader import TreeReader
from logging_core.records import AuditEvent, Batch


def line(event_type: str = "message_exchange", **changes: Any) -> bytes:
    details = {
        "message_id": "m-1",
        "message_length": 5,
        "response_length": 9,
        "tokens": 8,
        "cost": 0.00008,
        "response_time_seconds": 2.333,
    }
    record = {
        "timestamp": "2025-10-03T12:30:45.123456",
        "level": "INFO",
        "event": event_type,
        "logger": "orchestrator.audit",
        "event_type": event_type,
        "instance_id": "abc123",
        "details": {**details, **changes.pop("details", {})},
        **changes,
    }
    return json.dumps(record, ensure_ascii=False).encode() + b"\n"


GOOD = line()


def test_plain_exchanges_are_decoded_in_bulk() -> None:
    """A chunk of exchanges gives each one's moment, instance and numbers, in file order."""
    decoded = decode_exchanges(line() + line(instance_id="b", details={"message_id": "m-2"}))
    assert not decoded.rest
    exchanges = decoded.exchanges
    assert exchanges.times[0] == datetime(2025, 10, 3, 12, 30, 45, 123_456).timestamp()
    assert (exchanges.instance_ids, exchanges.message_ids) == (["abc123", "b"], ["m-1", "m-2"])
    assert (exchanges.tokens[0], exchanges.costs[0], exchanges.seconds[0]) == (8, 0.00008, 2.333)


def test_other_events_are_given_back_where_they_stand() -> None:
    """Lines that are no exchange come back whole with their place, even at the same moment."""
    spawn, gone = line("instance_spawn"), line("instance_terminate")
    decoded = decode_exchanges(GOOD + spawn + GOOD + gone)
    assert len(decoded.exchanges) == 2
    assert decoded.rest == [
        (len(GOOD), spawn.rstrip()),
        (2 * len(GOOD) + len(spawn), gone.rstrip()),
    ]


ODD = {
    "no JSON": b"not json\n",
    "empty": b"\n",
    "blank": b"  \r\n",
    "two in a line": GOOD.rstrip() + b" " + GOOD,
    "over two lines": GOOD.replace(b', "details"', b',\n"details"'),
    "cut off": GOOD[:80] + b"\n",
    "NULs": b"\0\0" + GOOD,
    "a byte order mark": b"\xef\xbb\xbf" + GOOD,
    "not UTF-8": GOOD.replace(b"m-1", b"m-\xff"),
    "an escape": GOOD.replace(b"m-1", b"m-\\u001b"),
    "DEL": GOOD.replace(b"m-1", b"m-\x7f"),
    "a raw control": GOOD.replace(b"m-1", b"m-\x1b"),
    "umlaut": line(instance_id="ä"),
    "tokens as text": line(details={"tokens": "8"}),
    "a fraction of tokens": line(details={"tokens": 8.5}),
    "tokens with a point": line(details={"tokens": 8.0}),
    "too many tokens": line(details={"tokens": 10**16}),
    "endless tokens": line(details={"tokens": 10**400}),
    "negative cost": line(details={"cost": -1}),
    "absurd cost": line(details={"cost": 2e9}),
    "true cost": line(details={"cost": True}),
    "NaN": GOOD.replace(b"2.333", b"NaN"),
    "overflow": GOOD.replace(b"2.333", b"1e999"),
    "an id that is a number": line(details={"message_id": 7}),
    "an instance that is a number": line(instance_id=7),
    "details that are a list": line().replace(b'"details": {', b'"details": [], "other": {'),
    "an error": line(details={"error": "failed"}),
    "an empty error": line(details={"error": ""}),
    "a failure": line(details={"failure_reason": "failed"}),
    "level ERROR": line(level="ERROR"),
    "no level": line(level=None),
    "an offset of the usual length": line(timestamp="2025-10-03T12+02:00"),
    "a minute 60": line(timestamp="2025-10-03T12:60:45.123456"),
    "a second 60": line(timestamp="2025-10-03T12:30:60.123456"),
    "an hour 24": line(timestamp="2025-10-03T24:00:00.123456"),
    "a month 13": line(timestamp="2025-13-03T12:30:45.123456"),
    "a 31st of February": line(timestamp="2025-02-31T12:30:45.123456"),
    "year 1": line(timestamp="0001-10-03T12:30:45.123456"),
    "no time": line(timestamp=None),
    "an empty time": line(timestamp=""),
    "time of an event empty": line("instance_spawn", timestamp=""),
    "event_type in event": GOOD.replace(b'"event_type": "message_exchange", ', b""),
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD.keys())
def test_an_odd_line_is_decoded_exactly(odd: bytes) -> None:
    """Whatever is not plain comes back as it stands; its good neighbours are exchanges."""
    decoded = decode_exchanges(GOOD + odd + GOOD)
    assert len(decoded.exchanges) == 2
    assert b"\n".join(found for _, found in decoded.rest) + b"\n" == odd
    assert decoded.rest[0][0] == len(GOOD)


PLAIN = {
    "no details": line().replace(b'"details": {', b'"other": {'),
    "whole seconds": line(timestamp="2025-10-03T12:30:45"),
    "milliseconds": line(timestamp="2025-10-03T12:30:45.123"),
    "an offset": line(timestamp="2025-10-03T12:30:45.123456+02:00"),
    "Zulu": line(timestamp="2025-10-03T12:30:45Z"),
    "nobody": line(instance_id=None),
    "no numbers": line(details={"tokens": None, "cost": None, "response_time_seconds": None}),
    "a whole cost": line(details={"cost": 1}),
    "CR LF": GOOD.rstrip() + b"\r\n",
}


@pytest.mark.parametrize("plain", PLAIN.values(), ids=PLAIN.keys())
def test_what_is_decoded_in_bulk_is_what_the_exact_decoder_says(plain: bytes) -> None:
    """The numbers of a plain exchange are those of decoding its line alone."""
    found, rest, times = decode_exchanges(GOOD + plain)
    exact = decode_audit(plain.strip())
    assert isinstance(exact, AuditEvent)
    assert not rest
    assert times[1] == found.times[1] == exact.time_s
    assert found.instance_ids[1] == exact.instance_id
    assert found.message_ids[1] == exact.message_id
    said = (exact.tokens, exact.cost_usd, exact.response_time_s)
    columns = (found.tokens[1], found.costs[1], found.seconds[1])
    assert columns == tuple(UNKNOWN if number is None else number for number in said)


def seen(root: Path, *, blocks: bool, **options: Any) -> tuple[FleetState, bool]:
    model = FleetModel(**options)
    reader = TreeReader(root, blocks=blocks)
    batch = reader.poll()
    model.apply(batch)
    used = bool(batch.blocks)
    while not batch.caught_up:
        batch = reader.poll()
        model.apply(batch)
        used = used or bool(batch.blocks)
    return model.state(TreeBuilder.epoch(5_000)), used


def comparable(state: FleetState) -> object:
    """All that a state says, in a form that can be compared.

    When a line could not be read is not known in bulk.
    """
    replace, problems = msgspec.structs.replace, state.problems
    newest = tuple(replace(problem, time_s=None) for problem in problems.newest)
    problems = replace(problems, newest=newest)
    return msgspec.to_builtins(replace(state, messages=(), events=(), problems=problems))


numbers = st.sampled_from([None, 0, 1, 0.25, 7.5, "3", -1, 2e9, True])
odd_lines = st.sampled_from([*ODD.values(), *PLAIN.values(), line("instance_spawn")])


@st.composite
def exchange_lines(draw: st.DrawFn) -> bytes:
    return line(
        timestamp=TreeBuilder.when(draw(st.integers(0, 4_000)) / 4),
        instance_id=draw(st.sampled_from(["a", "b", "c", None, "orchestrator"])),
        details={
            "message_id": draw(st.sampled_from([None, *map(str, range(30))])),
            "tokens": draw(st.one_of(numbers, st.integers(0, 10**6))),
            "cost": draw(numbers),
            "response_time_seconds": draw(numbers),
        },
    )


@given(lines=st.lists(st.one_of(exchange_lines(), exchange_lines(), odd_lines), max_size=40))
def test_bulk_and_line_by_line_see_the_same_fleet(
    lines: list[bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """For any mixture of good, odd and broken lines the fleet is the same to the last digit."""
    tree = TreeBuilder(tmp_path_factory.mktemp("mixed"))
    tree.line("audit/audit_20261123.jsonl", b"".join(lines))
    in_bulk, _ = seen(tree.root, blocks=True)
    singly, _ = seen(tree.root, blocks=False)
    assert comparable(in_bulk) == comparable(singly)
    since_s = TreeBuilder.epoch(500)
    in_bulk, _ = seen(tree.root, blocks=True, since_s=since_s)
    singly, _ = seen(tree.root, blocks=False, since_s=since_s)
    assert comparable(in_bulk) == comparable(singly)


def test_a_request_is_closed_by_an_exchange_in_a_block(tmp_path: Path) -> None:
    """Read in bulk, an exchange closes its request; the newest reply is why it is idle."""
    tree = TreeBuilder(tmp_path)
    tree.spawn("a", "ada")
    tree.send("a", "m-1", at=10)
    tree.send("a", "m-2", at=11)
    tree.audit("message_exchange", "a", {"message_id": "m-1", "tokens": 4}, at=12)
    tree.audit("message_exchange", "a", {"message_id": "m-2", "tokens": 5}, at=13)
    state, used = seen(tmp_path, blocks=True)
    assert used
    (ada,) = state.instances
    assert (ada.state, ada.reason, ada.open_requests) == ("idle", "reply m-2", ())
    assert (ada.usage.requests, ada.usage.tokens) == (2, 9)
    assert ada.since_s == ada.last_activity_s == TreeBuilder.epoch(13)


@pytest.mark.parametrize("blocks", [True, False])
@pytest.mark.parametrize("size", [10, 12_000])
def test_a_request_is_closed_by_the_audit_trail_however_much_there_is(
    tmp_path: Path, blocks: bool, size: int
) -> None:
    """Nothing is stuck because its answer, or its failure, was read long before it was."""
    tree = TreeBuilder(tmp_path)
    tree.spawn("a", "ada")
    for number in range(300):
        tree.send("a", f"m-{number}", "x" * size, at=2 * number)
        details: dict[str, Any] = {"message_id": f"m-{number}", "tokens": 4}
        kind = "message_exchange"
        if number % 3 == 0:
            kind, details = "message_failed", details | {"error": "TimeoutError"}
        tree.audit(kind, "a", details, at=2 * number + 1)
    tree.send("a", "m-open", at=900)
    state, _ = seen(tmp_path, blocks=blocks)
    (ada,) = state.instances
    assert [request.message_id for request in ada.open_requests] == ["m-open"]
    assert ada.state == "stuck"


def exchanges_of(reader: TreeReader) -> tuple[list[str | None], list[str | None]]:
    """Message ids in blocks, and among the records, until everything was read."""
    in_bulk: list[str | None] = []
    singly: list[str | None] = []
    caught_up = False
    while not caught_up:
        batch = reader.poll()
        in_bulk += [i for block in batch.blocks for i in block.exchanges.message_ids]
        singly += [r.message_id for r in batch.records if isinstance(r, AuditEvent)]
        caught_up = batch.caught_up
    return in_bulk, singly


def test_a_tree_read_in_blocks_goes_on_where_it_was(tmp_path: Path) -> None:
    """What is appended comes once, an unfinished line when it is whole, also after a restart."""
    tree = TreeBuilder(tmp_path)
    audit = "audit/audit_20261123.jsonl"
    first, second, third = (line(details={"message_id": f"m-{n}"}) for n in (1, 2, 3))
    tree.line(audit, first + second[:50])
    reader = TreeReader(tmp_path, blocks=True)
    batch = reader.poll()
    assert [i for block in batch.blocks for i in block.exchanges.message_ids] == ["m-1"]
    tree.line(audit, second[50:])
    assert exchanges_of(reader) == (["m-2"], [])
    cursor = reader.poll().cursor
    tree.line(audit, third)
    assert exchanges_of(TreeReader(tmp_path, blocks=True, cursor=cursor)) == (["m-3"], [])
    assert exchanges_of(reader) == (["m-3"], [])


def test_long_lines_and_many_chunks_keep_every_exchange(tmp_path: Path) -> None:
    """Lines longer than a chunk, or than what is kept of a line, lose no neighbour."""
    tree = TreeBuilder(tmp_path)
    ids = [f"m-{number}" for number in range(9_000)]
    lines = [line(details={"message_id": message_id}) for message_id in ids]
    lines[5_000] = line(details={"message_id": ids[5_000], "note": "x" * 300_000})
    lines[6_000] = line("note", details={"message_id": "long", "note": "x" * 3_000_000})
    tree.line("audit/audit_20261123.jsonl", b"".join(lines))
    in_bulk, singly = exchanges_of(TreeReader(tmp_path, blocks=True))
    assert in_bulk == ids[:6_000] + ids[6_001:]
    assert singly == ["long"]


def test_the_last_line_of_a_finished_file_needs_no_newline(tmp_path: Path) -> None:
    """An archived audit file without a newline at its end is read to its end."""
    tree = TreeBuilder(tmp_path)
    tree.line("audit/audit_20261122.jsonl.2026-11-22", GOOD + GOOD.rstrip())
    in_bulk, singly = exchanges_of(TreeReader(tmp_path, blocks=True))
    assert len(in_bulk) + len(singly) == 2


def test_problems_say_where_a_line_stands(tmp_path: Path) -> None:
    """A broken line among exchanges is a problem with its place in the file."""
    tree = TreeBuilder(tmp_path)
    tree.line("audit/audit_20261123.jsonl", GOOD + b"broken\n" + GOOD)
    (problem,) = TreeReader(tmp_path, blocks=True).poll().problems
    assert (problem.offset, problem.line) == (len(GOOD), "broken")


async def first_blocks(root: Path) -> Batch:
    async with aclosing(follow(root, poll=True, blocks=True, sweep_s=0.01)) as batches:
        async for batch in batches:
            if batch.blocks:
                return batch
    raise AssertionError("no block came")


@pytest.mark.asyncio
async def test_follow_gives_blocks_to_who_asks_for_them(tmp_path: Path) -> None:
    """With `blocks=True` exchanges come in blocks, and a batch of nothing else is news."""
    tree = TreeBuilder(tmp_path)
    coming = asyncio.ensure_future(first_blocks(tmp_path))
    tree.line("audit/audit_20261123.jsonl", GOOD)
    (block,) = (await asyncio.wait_for(coming, 20)).blocks
    assert block.path == "audit/audit_20261123.jsonl"
    assert block.exchanges.instance_ids == ["abc123"]
