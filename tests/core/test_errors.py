"""How many errors there were: what is reported more than once is one."""

from __future__ import annotations

from io import BytesIO
from itertools import permutations
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from builders import TreeBuilder
from logging_core import LoggingManager
from logging_core.analyse.error_kinds import MAX_CHARS, error_kind
from logging_core.analyse.errors import MAX_JOINT, SAME_S, error_of, first_line
from logging_core.analyse.fleet import FleetModel
from logging_core.analyse.reports import MAX_REPORTS
from logging_core.analyse.state import FleetState, State
from logging_core.read.reader import TreeReader
from logging_core.records import AuditEvent, Batch, LifecycleEvent, OrchestratorEvent, Record

T = TreeBuilder.epoch(0)


def failed(at: float, error: str = "boom", instance_id: str | None = "a") -> AuditEvent:
    return AuditEvent(
        time_s=T + at, event_type="instance_failed", instance_id=instance_id, error=error
    )


def entry(at: float, text: str = "boom", instance_id: str | None = "a", **more: Any) -> Record:
    return OrchestratorEvent(
        time_s=T + at, level="ERROR", text=text, instance_id=instance_id, **more
    )


def end(at: float, final_state: str = "error") -> AuditEvent:
    return AuditEvent(
        time_s=T + at,
        event_type="instance_terminate",
        instance_id="a",
        details={"final_state": final_state},
    )


def fold(*records: Record, since_s: float | None = None) -> FleetState:
    model = FleetModel(since_s=since_s)
    model.apply(Batch(records=records))
    state = model.state(T + 100)
    assert sum(g.usage.requests for g in model.groups("error")) == state.errors
    assert sum(event.counts for event in state.events) == state.errors
    return state


def restored(*records: Record) -> FleetState:
    """Of a model that took two of them in, was written down and read back, and took the others."""
    model, file = FleetModel(), BytesIO()
    model.apply(Batch(records=records[:2]))
    model.dump(file)
    file.seek(0)
    model = FleetModel.load(file)
    model.apply(Batch(records=records[2:]))
    return model.state(T + 100)


def test_an_end_in_error_is_an_error() -> None:
    """What is in the state `error` for its end has an error that is counted and listed."""
    state = fold(end(1))
    (instance,) = state.instances
    assert (state.errors, instance.errors, instance.state) == (1, 1, State.ERROR)
    assert instance.last_error == instance.reason == "terminated (final_state=error)"
    assert fold(end(1, "terminated")).errors == 0


CRASH = (failed(1, "ValueError: boom"), end(1.1), entry(1.2, "Instance a failed: ValueError: boom"))


@pytest.mark.parametrize("records", permutations(CRASH))
def test_one_crash_is_one_error(records: tuple[Record, ...]) -> None:
    """An event, the end and an entry of orchestrator.log tell of one, in whatever order."""
    state = fold(*records)
    assert (state.errors, state.instances[0].errors) == (1, 1)


@pytest.mark.parametrize(
    "record",
    [
        entry(1, "boom"),
        entry(1 + SAME_S, "it is over: boom"),
        entry(1, "it is over\nsomehow", error="boom"),
        entry(1, "it is over", exception="Traceback\n  line 1\nValueError: boom\n"),
    ],
)
def test_two_files_that_say_the_same_tell_of_one_error(record: Record) -> None:
    """By what the line ends with, or its error, or the last line of its traceback."""
    assert fold(failed(1), record).errors == fold(record, failed(1)).errors == 1


@pytest.mark.parametrize(
    "record",
    [
        entry(1, "bang"),
        entry(1.1 + SAME_S),
        entry(1, instance_id="b"),
        entry(1, instance_id=None),
        failed(1.5),
        end(1.1 + SAME_S),
    ],
)
def test_what_may_be_another_error_counts(record: Record) -> None:
    """Another text, time or instance, or another line of the same file."""
    assert fold(failed(1), record).errors == fold(record, failed(1)).errors == 2


@pytest.mark.parametrize("text", ["it failed: \nboom", " \n"])
def test_what_says_nothing_says_nothing_else_either(text: str) -> None:
    """Two texts are not the same for having no end, but they are if both are blank."""
    assert fold(failed(1, "lost: \nbang"), entry(1, text)).errors == 2
    assert fold(failed(1, "\t"), entry(1, text)).errors == 1 + bool(text.strip())


def test_an_error_of_unknown_time_counts() -> None:
    """Nothing tells that it is the same as another."""
    model = FleetModel()
    timeless = OrchestratorEvent(level="ERROR", text="boom", instance_id="a")
    model.apply(Batch(records=(failed(1), timeless)))
    assert model.state(T + 9).errors == 2


def logged(at: float, text: str = "boom") -> Record:
    return LifecycleEvent(instance_id="a", time_s=T + at, level="ERROR", text=text)


def test_an_error_in_an_instance_log_is_an_error() -> None:
    """Whoever logs an error through an instance's logger sees it counted, and in its state."""
    state = fold(logged(1, "lost the session"))
    (instance,) = state.instances
    assert (state.errors, instance.errors, instance.state) == (1, 1, State.ERROR)
    assert instance.last_error == instance.reason == "lost the session"


@pytest.mark.parametrize(
    "records", permutations([failed(1.5), logged(1, "Instance failed: boom"), entry(2)])
)
def test_what_an_instance_log_repeats_is_one_error(records: tuple[Record, ...]) -> None:
    """The event, an entry of the instance.log and one of orchestrator.log tell of one error."""
    state = fold(*records)
    assert (state.errors, state.instances[0].errors) == (1, 1)
    assert state.instances[0].reason == "boom"


TOLD_BY_ALL = (
    entry(1.1, "Instance a failed: KeyError: x"),
    failed(1.2, "KeyError: x"),
    logged(1, "Instance failed: KeyError: x\nTraceback\n  line 1"),
    end(1.3),
)


@pytest.mark.parametrize("apart", [True, False])
@pytest.mark.parametrize("records", permutations(TOLD_BY_ALL))
def test_an_error_has_one_name_in_whatever_order(
    records: tuple[Record, ...], *, apart: bool
) -> None:
    """In its row, in sums of all time and of a window, and as the last error; read at once or not.

    That of the audit trail, with the traceback of the instance's log.
    """
    model = FleetModel()
    for batch in [(record,) for record in records] if apart else [records]:
        model.apply(Batch(records=batch, caught_up=apart))
    state = model.state(T + 100)
    (instance,), (row,) = state.instances, state.events
    assert (state.errors, instance.errors, instance.last_error) == (1, 1, "KeyError: x")
    assert (row.time_s, row.text) == (T + 1.2, "KeyError: x\nTraceback\n  line 1")
    for groups in (
        model.groups("error"),
        model.groups_in("error", from_s=T + 1.15, to_s=T + 9),
        model.groups_in("error", from_s=None, to_s=T + 9),
    ):
        assert groups is not None
        assert [(g.label, g.usage.requests) for g in groups] == [("KeyError: x", 1)]


@pytest.mark.parametrize("audit_first", [True, False])
def test_an_error_is_one_of_all_whom_any_file_names(*, audit_first: bool) -> None:
    """Of another instance, too, that only the audit trail says is affected."""
    told = msgspec.structs.replace(failed(1), details={"affected_instances": ["b"]})
    records = (told, entry(1.5, "it is over: boom"))
    model = FleetModel()
    model.apply(Batch(records=records if audit_first else records[::-1]))
    state = model.state(T + 9)
    assert state.errors == 1
    assert [(i.instance_id, i.errors, i.last_error) for i in state.instances] == [
        ("a", 1, "boom"),
        ("b", 1, "boom"),
    ]
    (group,) = model.groups("error")
    assert (group.label, group.instance_ids) == ("boom", ("a", "b"))


def test_an_error_of_several_counts_once_for_any_of_them() -> None:
    """Whomever a filter leaves, also where the second report names more of them than the first."""
    of_two = msgspec.structs.replace(failed(1), details={"affected_instances": ["a", "b"]})
    of_three = msgspec.structs.replace(failed(20), details={"affected_instances": ["b", "c"]})
    records = (entry(1.5), of_two, of_three, failed(40, instance_id="c"), failed(60))
    for state in (restored(*records), restored(*records[::-1])):
        known = {one.instance_id: one for one in state.instances}
        counts = {
            ids: state.errors_about(known[one] for one in ids)
            for ids in ("a", "b", "c", "ab", "ac", "bc", "abc", "")
        }
        expected = {"a": 3, "b": 2, "c": 2, "ab": 3, "ac": 4, "bc": 3, "abc": 4, "": 0}
        assert counts == expected
        assert state.errors == counts["abc"]


def test_endless_groups_of_those_with_one_error_are_bounded() -> None:
    """Of very many, the most frequent are kept."""
    told = [
        msgspec.structs.replace(failed(n * 10), details={"affected_instances": [f"i{n}"]})
        for n in range(MAX_JOINT + 10)
    ]
    joint = restored(*told, told[0]).joint_errors
    assert len(joint) == MAX_JOINT
    assert joint["a", "i0"] == 2


@pytest.mark.parametrize("audit_first", [True, False])
def test_what_an_instance_log_says_besides_has_a_row_of_its_own(*, audit_first: bool) -> None:
    """It says how the same error ends, and begins otherwise."""
    both = (failed(1.5, "boom"), logged(1, "while cloning: boom"))
    rows = fold(*(both if audit_first else both[::-1])).events
    assert [(row.time_s, row.text, row.counts) for row in rows] == [
        (T + 1.5, "boom", True),
        (T + 1.5, "while cloning: boom", False),
    ]


def test_an_end_is_not_taken_for_that_of_another_error() -> None:
    """Where one report says the same as a new one, the end is left to others."""
    records = (end(4.9), logged(5, "boom"), failed(5.2, "boom"))
    for ordered in permutations(records):
        assert fold(*ordered).errors == 1


def test_as_many_errors_as_the_file_with_more_of_them_tells_of() -> None:
    """Each entry of one file is told by one entry of the other."""
    assert fold(failed(1), failed(2), entry(1), entry(2), entry(3)).errors == 3
    assert fold(failed(1), entry(1), failed(2), entry(2)).errors == 2


def test_errors_of_the_fleet_are_told_once_too() -> None:
    """Also where no instance is named."""
    assert fold(failed(1, instance_id="orchestrator"), entry(1, instance_id=None)).errors == 1


def test_what_is_not_counted_tells_of_nothing() -> None:
    """An error from before `since_s` does not take one with it that is from after."""
    assert fold(failed(1), entry(2), since_s=T + 1.5).errors == 1


TWO = (logged(1, "Failed: b"), failed(1.1, "b"), logged(1, "Failed: a"), failed(1.9, "a"))


@pytest.mark.parametrize("records", permutations(TWO))
def test_the_last_error_of_a_second_is_the_last(records: tuple[Record, ...]) -> None:
    """The audit trail knows which came later, also where the instance's log is read before it."""
    state = fold(*records)
    assert (state.errors, state.instances[0].last_error) == (2, "a")


@pytest.mark.parametrize("log_first", [False, True])
def test_errors_are_told_once_however_many_are_read_at_once(*, log_first: bool) -> None:
    """Of a day of failures the audit trail is read first as a whole, then the instance's log."""
    number = 1_000
    audit = Batch(records=tuple(failed(10 * n, f"failure {n}") for n in range(number)))
    log = Batch(
        records=tuple(logged(10 * n, f"Instance failed: failure {n}") for n in range(number))
    )
    model = FleetModel()
    for batch in (log, audit) if log_first else (audit, log):
        model.apply(batch)
    state = model.state(T + 10 * number)
    assert (state.errors, state.instances[0].errors) == (number, number)
    assert [event.text for event in state.events] == [f"failure {n}" for n in range(number)]
    assert [event.time_s for event in state.events] == [T + 10 * n for n in range(number)]


def test_reports_do_not_pile_up() -> None:
    """Of endless errors, the newest are remembered."""
    many = [failed(n / 100, f"error {n}") for n in range(MAX_REPORTS + 1)]
    assert fold(*many, entry(1, "error 1")).errors == len(many)
    assert fold(*many, entry(1, "error 0")).errors == len(many) + 1


def test_a_crash_that_a_handle_records_is_one_error(tmp_path: Path) -> None:
    """As it comes from the disk: the event, the end, and what the program itself logs."""
    manager = LoggingManager(tmp_path / "logs")
    try:
        with manager.instance("a", "Ada") as agent:
            agent.created()
            int("boom")
    except ValueError:
        manager.orchestrator_logger.exception("run failed", extra={"instance_id": "a"})
    manager.close()
    reader, model = TreeReader(tmp_path / "logs"), FleetModel()
    model.apply(reader.poll())
    reader.close()
    state = model.state(2e9)
    assert (state.errors, state.instances[0].errors) == (1, 1)
    assert state.instances[0].state is State.ERROR


STRANGE = [
    TimeoutError(),
    " ",
    "x\ny",
    "\nfoo bar",
    "foo: ",
    "\x1b[31mnpm ERR! code 1\x1b[0m",
    "50%\rdone error",
    "e" * 5000,
    "失敗 🧪 ",
    "401 for sk-ant-api03-" + "A1b2C3d4" * 11 + "AA",
    "a\tb",
    "bad \udc80 byte",
    "a\u2028b",
    KeyError("x: y"),
    ExceptionGroup("g", [ValueError("a")]),
    "err \n",
    "a\x9bb",
    "a\0b",
    "a\u202eb",
    "one\r\ntwo",
    r"a literal \x1b and \u2028",
]


@pytest.mark.parametrize("log_first", [True, False])
@pytest.mark.parametrize("error", STRANGE, ids=lambda error: repr(error)[:30])
def test_an_error_is_one_whatever_characters_it_has(
    tmp_path: Path, error: str | BaseException, *, log_first: bool
) -> None:
    """What `failed` writes to two files is counted, listed and shown once, in the same words."""
    manager = LoggingManager(tmp_path / "logs")
    agent = manager.instance("a")
    agent.created()
    agent.failed(error, agent.sent("q"))
    manager.close()
    reader, model = TreeReader(tmp_path / "logs"), FleetModel()
    records = reader.poll().records
    reader.close()
    entries = tuple(r for r in records if isinstance(r, LifecycleEvent))
    others = tuple(r for r in records if not isinstance(r, LifecycleEvent))
    for part in (entries, others) if log_first else (others, entries):
        model.apply(Batch(records=part, caught_up=False))
    state = model.state(2e9)
    (instance,), (group,) = state.instances, model.groups("error")
    (shown,) = [event for event in state.events if event.is_error]
    (told,) = [r for r in records if isinstance(r, AuditEvent) and r.error is not None]
    assert (state.errors, instance.errors, group.usage.requests) == (1, 1, 1)
    assert instance.last_error == instance.reason == first_line(shown.text)
    assert group.label == error_kind(error_of(told) or "") == error_kind(shown.text)
    assert "Request" not in shown.text
    assert shown.time_s == told.time_s


@pytest.mark.parametrize("records", permutations([0, 1, 2]))
def test_errors_that_say_the_same_are_of_one_kind(records: tuple[int, ...]) -> None:
    """Requests that fail alike are one row of a table, by whichever file, in old trees too."""
    model = FleetModel()
    for n in records:
        at = 10.0 * n
        text = f"Request 9015c918-9faf-4336-8c48-{n:012} failed: TimeoutError: no reply"
        both: list[Record] = [failed(at + 0.5, "TimeoutError: no reply"), logged(at, text)]
        model.apply(Batch(records=tuple(both[:: -1 if n % 2 else 1])))
    (group,) = model.groups("error")
    assert (group.label, group.usage.requests) == ("TimeoutError: no reply", 3)
    assert [e.text for e in model.state(T + 99).events] == ["TimeoutError: no reply"] * 3


@pytest.mark.parametrize("log_first", [True, False])
def test_the_row_of_an_error_has_its_traceback_and_its_exact_time(*, log_first: bool) -> None:
    """Of two files, one knows where it was raised, and the other when."""
    text = "Instance failed: ValueError: boom\nTraceback\n  line 1\nValueError: boom"
    both = [logged(1, text), failed(1.25, "ValueError: boom")]
    (row,) = fold(*both[:: 1 if log_first else -1]).events
    assert row.time_s == T + 1.25
    assert row.text == text.removeprefix("Instance failed: ")


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (
            ("no reply within 3 s to 71e03b", "no reply within 3 s to 5fe85d"),
            "no reply within 3 s to #",
        ),
        (("worker-12 is gone", "worker-7 is gone"), "worker-# is gone"),
        (
            ("refused by 10.0.0.3:8080 at 14:05:22", "refused by 10.0.0.7:80 at 9:05"),
            "refused by # at #",
        ),
        (("took 2.5s", "took 13.75s"), "took #s"),
        (("run_ab12cd34 used 1048576 bytes", "run_77aa77 used 4096 bytes"), "run_# used # bytes"),
        ((f"lost {UUID(int=7)}\nat line 3", f"lost {UUID(int=8)}"), "lost #"),
        (("<Pool at 0x7F3A>",), "<Pool at #>"),
        (("exit code 137",), "exit code 137"),
        (("HTTP 429 for deadbeef",), "HTTP 429 for deadbeef"),
        ((" \n",), ""),
    ],
)
def test_errors_that_differ_in_ids_and_numbers_are_of_one_kind(
    texts: tuple[str, ...], kind: str
) -> None:
    """What is likely to be a code or a word is told apart."""
    assert {error_kind(text) for text in texts} == {kind}


@pytest.mark.parametrize("part", ["a", "a1", "0x", "12:", "a-", "ab12cd-", "9"])
def test_the_kind_of_any_error_is_short(part: str) -> None:
    """However long it is, and whatever is in it."""
    assert len(error_kind(part * 1_000_000)) <= MAX_CHARS


def test_errors_are_grouped_by_their_kind() -> None:
    """A table of thousands says which error is common."""
    model = FleetModel()
    errors = [failed(n, f"no reply to m-{n}") for n in range(30)]
    model.apply(Batch(records=(*errors, failed(40, "exit code 1"))))
    found = [(group.label, group.usage.requests) for group in model.groups("error")]
    assert found == [("no reply to m-#", 30), ("exit code 1", 1)]
