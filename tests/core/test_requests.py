"""Which requests of an instance are open, whatever order their ends are read in."""

from __future__ import annotations

from array import array

from hypothesis import given
from hypothesis import strategies as st

from logging_core.analyse.requests import RECENT_REPLIES, Requests

IDS = st.sampled_from([f"m{number}" for number in range(2 * RECENT_REPLIES)])


@given(st.lists(st.tuples(IDS, st.floats(1, 100)), max_size=RECENT_REPLIES), IDS, st.floats(1, 100))
def test_a_request_is_open_unless_it_ended_at_its_time_or_later(
    ends: list[tuple[str, float]], asked: str, at_s: float
) -> None:
    """It may be read after its end, and one that ended before it was another one of its name."""
    requests = Requests()
    for message_id, end_s in ends:
        requests.close(message_id, end_s)
    requests.open(asked, at_s)
    ended = any(message_id == asked and end_s >= at_s for message_id, end_s in ends)
    assert bool(requests.left()) is not ended


@given(st.lists(st.tuples(IDS, st.floats(1, 100)), max_size=RECENT_REPLIES), IDS, st.floats(1, 100))
def test_ends_in_bulk_are_as_ends_one_by_one(
    ends: list[tuple[str, float]], asked: str, at_s: float
) -> None:
    """How many of the audit trail's lines are decoded at once makes no difference."""
    singly, together = Requests(), Requests()
    for message_id, end_s in ends:
        singly.close(message_id, end_s)
    together.close_all([message_id for message_id, _ in ends], array("d", [s for _, s in ends]))
    for requests in (singly, together):
        requests.open(asked, at_s)
    assert together.left() == singly.left()


def test_ids_are_told_apart_whatever_their_checksums() -> None:
    """These two, one after the other, hold the bytes of the checksum of `x`, which did not end."""
    requests = Requests()
    requests.close("m49007181", 10.0)
    requests.close("m6", 10.0)
    requests.open("x", 5.0)
    assert [request.message_id for request in requests.left()] == ["x"]
