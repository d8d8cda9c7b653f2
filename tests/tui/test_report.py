"""The report as JSON and as plain text."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import msgspec
import orjson
import pytest
from rich.cells import cell_len

from logging_core.analyse.state import (
    FleetState,
    InstanceState,
    Latency,
    OpenRequest,
    ProblemCount,
    State,
    Usage,
)
from madrox_tui.report.as_json import to_json
from madrox_tui.report.as_text import to_text

AT = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC).timestamp()
BUSY = InstanceState(
    instance_id="a1",
    instance_name="Atlas",
    role="architect",
    instance_type="claude",
    model="opus",
    parent_instance_id="p0",
    state=State.BUSY,
    reason="request m-1 open",
    since_s=AT - 360,
    created_s=AT - 3600,
    last_activity_s=AT - 5,
    usage=Usage(
        requests=3,
        tokens=12_345,
        cost_usd=4.12,
        unpriced=1,
        latency=Latency(count=3, mean_s=2.0, p50_s=2.0, p95_s=2.9, p99_s=3.0, max_s=3.0),
    ),
    open_requests=(OpenRequest("m-1", AT - 360),),
    frames=7,
    errors=1,
    last_error="boom",
)
BLANK = InstanceState(instance_id="b2", reason="no record of its state")
FLEET = FleetState(
    at_s=AT,
    instances=(BUSY, BLANK),
    usage=BUSY.usage,
    errors=2,
    problems=ProblemCount(unreadable_lines=3, files=("audit/audit_20261123.jsonl",)),
)
HOSTILE = "\x1b]52;c;aGk=\x07 \x9b2J [/INST]"


def test_json_says_everything_that_is_known() -> None:
    """Every key of the report's contract is there, with units, times and offsets."""
    report = to_json(FLEET, "/logs")
    first: dict[str, Any] = report["instances"][0]
    times = {"created_at", "last_activity", "state_since"}
    assert {key: first[key] for key in first if key not in times} == {
        "instance_id": "a1",
        "instance_name": "Atlas",
        "role": "architect",
        "instance_type": "claude",
        "model": "opus",
        "parent_instance_id": "p0",
        "state": "busy",
        "reason": "request m-1 open",
        "requests": 3,
        "tokens": 12_345,
        "cost_usd": 4.12,
        "unpriced": 1,
        "response_time_s": {
            "count": 3,
            "mean": 2.0,
            "p50": 2.0,
            "p95": 2.9,
            "p99": 3.0,
            "max": 3.0,
        },
        "open_requests": 1,
        "frames": 7,
        "errors": 1,
        "last_error": "boom",
    }
    assert datetime.fromisoformat(first["state_since"]).timestamp() == AT - 360
    assert datetime.fromisoformat(first["created_at"]).timestamp() == AT - 3600
    assert datetime.fromisoformat(first["last_activity"]).timestamp() == AT - 5
    assert datetime.fromisoformat(report["generated_at"]).utcoffset() is not None
    assert report["totals"] == {
        "instances": 2,
        "requests": 3,
        "tokens": 12_345,
        "cost_usd": 4.12,
        "unpriced": 1,
        "errors": 2,
        "response_time_s": first["response_time_s"],
    }
    assert report["problems"] == {
        "unreadable_lines": 3,
        "files": ["audit/audit_20261123.jsonl"],
    }
    assert (report["schema"], report["log_dir"]) == (1, "/logs")


def test_json_sums_are_without_noise() -> None:
    """A sum of cents is one; response times are as they were recorded, to the last digit."""
    names = ("mean", "p50", "p95", "p99", "max")
    recorded = {name: 0.8374736309051514 + place for place, name in enumerate(names)}
    latency = Latency(9, *recorded.values())
    usage = msgspec.structs.replace(FLEET.usage, cost_usd=37.120000000000005, latency=latency)
    totals = to_json(msgspec.structs.replace(FLEET, usage=usage), "/logs")["totals"]
    assert totals["cost_usd"] == 37.12
    assert totals["response_time_s"] == {"count": 9, **recorded}


def test_json_keys_are_the_contract() -> None:
    """Programs rely on exactly these keys, in this order."""
    report = to_json(FLEET, "/logs")
    assert list(report) == ["schema", "log_dir", "generated_at", "instances", "totals", "problems"]
    keys = (
        "instance_id instance_name role instance_type model parent_instance_id state reason "
        "state_since created_at last_activity requests tokens cost_usd unpriced response_time_s "
        "open_requests frames errors last_error"
    )
    assert [list(instance) for instance in report["instances"]] == [keys.split()] * 2


def test_unknown_is_null_in_json() -> None:
    """Of an instance of which nothing is known, only the counts are numbers."""
    blank = to_json(FLEET, "/logs")["instances"][1]
    known = {key: value for key, value in blank.items() if value is not None}
    assert known.pop("response_time_s") == {
        "count": 0,
        "mean": None,
        "p50": None,
        "p95": None,
        "p99": None,
        "max": None,
    }
    assert known == {
        "instance_id": "b2",
        "state": "unknown",
        "reason": "no record of its state",
        "requests": 0,
        "unpriced": 0,
        "open_requests": 0,
        "frames": 0,
        "errors": 0,
    }


def test_json_gives_names_as_they_are_written() -> None:
    """A name that is shown differently can be joined with the tree; an older one is left."""
    written = {"instance_id": "a\\x5c1", "instance_name": "At\x1blas", "role": "other", "model": 5}
    shown = msgspec.structs.replace(BUSY, instance_name="At␛las")
    report = to_json(FleetState(at_s=AT, instances=(shown,)), "/logs", {"a1": written})
    (instance,) = report["instances"]
    assert [instance[key] for key in ("instance_id", "instance_name", "role", "model")] == [
        "a\\x5c1",
        "At\x1blas",
        "architect",
        "opus",
    ]


def test_json_can_be_written_whatever_the_directory_is_called() -> None:
    """A directory whose name is no text or holds controls does not break the report."""
    data = orjson.dumps(to_json(FLEET, f"/logs/\udcff{HOSTILE}"))
    assert "\x9b" not in data.decode()


def test_text_says_what_a_person_wants_to_know() -> None:
    """States in words, sums, and a table with one row for each instance."""
    lines = to_text(FLEET, "/logs").splitlines()
    assert lines[0].startswith("madrox-top  /logs  2026-11-23 ")
    assert lines[1] == "2 instances: 1 busy, 1 unknown"
    assert lines[2] == (
        "3 requests  12.3k tokens  cost $4.12 + 1 unpriced  2 errors  "
        "response p50 2.0s  p95 2.9s  p99 3.0s  max 3.0s"
    )
    rows = [" ".join(line.split()) for line in lines[4:7]]
    assert rows == [
        "STATE FOR NAME ROLE MODEL OPEN REQ TOKENS COST P95 FRAMES SEEN WHY",
        "busy 6m Atlas architect claude/opus 6m 3 12.3k $4.12+ 2.9s 7 5s request m-1 open",
        "unknown – b2 – – – 0 – – – 0 – no record of its state",
    ]
    assert lines[8] == "3 unreadable lines; problems in audit/audit_20261123.jsonl"


def test_text_tells_of_open_requests_what_the_screen_tells() -> None:
    """The age of the oldest one, after their number if there are several."""
    asked = tuple(OpenRequest(f"m-{age}", AT - age) for age in (400, 200, 100))
    several = msgspec.structs.replace(BUSY, open_requests=asked)
    undated = msgspec.structs.replace(BUSY, open_requests=(OpenRequest("m-1", None),))
    state = FleetState(at_s=AT, instances=(BUSY, several, undated, BLANK))
    header, *rows = to_text(state, "/logs").splitlines()[4:9]
    end = header.index("OPEN") + len("OPEN")
    assert [row[:end].split("  ")[-1].strip() for row in rows] == ["6m", "3 6m", "–", "–"]


def test_text_tells_of_an_instance_what_the_screen_tells() -> None:
    """What it was asked or said last, not the id of that message; the model with its type."""
    asked = OpenRequest("7f3a-m9", AT - 5, "Fix the flaky test.")
    busy = InstanceState(
        instance_id="a", state=State.BUSY, reason="request 7f3a-m9 open", open_requests=(asked,)
    )
    idle = InstanceState(
        instance_id="b", state=State.IDLE, reason="reply 7f3a-m8", last_said="All tests pass."
    )
    fleet = [
        msgspec.structs.replace(one, instance_type="codex", model="gpt-5") for one in (busy, idle)
    ]
    text = to_text(FleetState(at_s=AT, instances=tuple(fleet)), "/logs")
    assert "Fix the flaky test." in text
    assert "All tests pass." in text
    assert text.count("codex/gpt-5") == 2
    assert "7f3a" not in text


def test_files_that_cannot_be_read_are_counted_apart() -> None:
    """Unreadable files are counted apart from unreadable lines."""
    problems = ProblemCount(2, ("audit", "x"), unreadable_files=1)
    text = to_text(FleetState(at_s=AT, problems=problems), "/logs")
    unread = "2 unreadable lines, 1 file or directory not read"
    assert text.endswith(f"\n{unread}; problems in audit, x\n")
    assert to_json(FleetState(at_s=AT, problems=problems), "/logs")["problems"] == {
        "unreadable_lines": 2,
        "files": ["audit", "x"],
    }
    text = to_text(FleetState(at_s=AT, problems=ProblemCount(files=("x",), gaps=2)), "/logs")
    assert text.endswith("\n0 unreadable lines, 2 gaps; problems in x\n")


def test_an_empty_fleet_is_said_to_be_empty() -> None:
    """A tree without instances gives a report that says so."""
    text = to_text(FleetState(at_s=AT), "/logs")
    assert "0 instances\n" in text
    assert "\nno instances\n" in text
    assert "unreadable" not in text


def test_the_table_is_aligned_with_wide_characters() -> None:
    """Names with characters of two cells do not shift the columns."""
    wide = InstanceState(instance_id="日本語テスト", state=State.IDLE, frames=7)
    table = to_text(FleetState(at_s=AT, instances=(wide, BUSY)), "/logs").splitlines()[4:]
    ends = {cell_len(line[: line.index("7") + 1]) for line in table[1:]}
    assert len(ends) == 1


def test_one_long_name_does_not_push_the_others_away() -> None:
    """Also where no width is known, a cell is cut where it would make every row too wide."""
    long = InstanceState(
        instance_id="x", instance_name="設計" * 2500, role="r" * 41, reason="w" * 90
    )
    table = to_text(FleetState(at_s=AT, instances=(long, BUSY)), "/logs").splitlines()[4:]
    assert max(map(cell_len, table)) < 350
    assert table[1].endswith("request m-1 open")
    assert f"  {'設計' * 30}設 …設計  " in table[2]
    assert f"  {'r' * 41}  " in table[2]
    assert table[2].endswith("w" * 90)


@pytest.mark.parametrize(
    ("width", "named"),
    [
        (None, "payments-service-integration-hardening-worker-0"),
        (160, "payments-service-integration-hardening-worker-0"),
        (142, "payments-service-integration-hardening-w…r-0"),
        (80, "payments-service-integration-harden…r-0"),
    ],
)
def test_names_that_differ_at_their_end_are_told_apart(width: int | None, named: str) -> None:
    """They are cut in their middle, by as much as is needed, and not at all where there is room."""
    name = "payments-service-integration-hardening-worker-0"
    fleet = tuple(InstanceState(instance_id=f"{name}{n}", reason="w" * 30) for n in (1, 2))
    table = to_text(FleetState(at_s=AT, instances=fleet), "/logs", width).splitlines()[-2:]
    assert [line.split()[2] for line in table] == [f"{named}1", f"{named}2"]


def test_who_needs_somebody_comes_first() -> None:
    """The order is that of the screen: waiting, stuck, failed, then the others."""
    states = (State.TERMINATED, State.IDLE, State.BUSY, State.ERROR, State.STUCK, State.WAITING)
    fleet = tuple(InstanceState(instance_id=state.value, state=state) for state in states)
    table = to_text(FleetState(at_s=AT, instances=fleet), "/logs").splitlines()[4:]
    assert [line.split()[0] for line in table[1:]] == [state.value for state in reversed(states)]


@pytest.mark.parametrize(
    ("width", "titles"),
    [
        (34, "STATE FOR NAME WHY"),
        (60, "STATE FOR NAME OPEN REQ COST WHY"),
        (80, "STATE FOR NAME OPEN REQ TOKENS COST WHY"),
        (200, "STATE FOR NAME ROLE MODEL OPEN REQ TOKENS COST P95 FRAMES SEEN WHY"),
    ],
)
def test_a_narrow_table_leaves_out_whole_columns(width: int, titles: str) -> None:
    """No number is cut in the middle: columns give way to the reason, the sums take more lines."""
    one = msgspec.structs.replace(
        BUSY,
        role="backend_developer",
        model="claude-sonnet-4-5",
        reason="request m-1 open, so long",
    )
    state = FleetState(at_s=AT, instances=(one,) * 2, usage=one.usage)
    lines = to_text(state, "/logs", width).splitlines()
    table = lines[lines.index("") + 1 :]
    assert table[0].split() == titles.split()
    assert "request" in table[1]
    assert "max 3.0s" in " ".join(lines[: lines.index("")])


@pytest.mark.parametrize("width", [1, 20, 80, 120])
def test_no_line_is_wider_than_asked(width: int) -> None:
    """Lines are cut to the width, with a mark where something is missing."""
    wide = InstanceState(instance_id="日本語テスト" * 9, reason="w" * 200)
    state = FleetState(at_s=AT, instances=(BUSY, wide))
    lines = to_text(state, "/a/long/directory/name" * 4, width).splitlines()
    assert max(map(cell_len, lines)) <= width
    assert any(line.endswith("…") for line in lines)


def test_text_holds_no_escapes() -> None:
    """Whatever a directory or a file is called, the report has no control characters."""
    problems = ProblemCount(unreadable_lines=1, files=(f"instances/{HOSTILE}/metadata.json",))
    text = to_text(FleetState(at_s=AT, problems=problems), f"/logs/{HOSTILE}")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)
    assert "[/INST]" in text
