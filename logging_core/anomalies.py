"""What is odd about records and files that could be read all the same: one vocabulary."""

from __future__ import annotations

import enum

import msgspec


class AnomalyKind(enum.StrEnum):
    """What is odd about a file, or in the `suspect` of a record.

    Attributes:
        BACK: A record is much earlier than the one before it in its file; a capture, if at all.
        AHEAD: A record is much later than the reader's clock, and the one before it was not.
        GAP: The file was truncated or replaced before it was read to its end: lines may be lost.
        TORN: The end of a record is missing: its file goes no further, or another one begins there.
        LOSSY: Bytes of a record are no UTF-8; each stretch of them is read as U+FFFD.
        REPEATED: A key is there twice in one object, and the last one counts. No reader of many
            records looks for that, so `follow()` does not tell.
        LINKED: A file is there under a second name, and is read once.
    """

    BACK = "back"
    AHEAD = "ahead"
    GAP = "gap"
    TORN = "torn"
    LOSSY = "lossy"
    REPEATED = "repeated"
    LINKED = "linked"


class Anomaly(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A clock jump, a gap, an odd record or an odd file.

    Attributes:
        path: The file, relative to the root, safe to show.
        kind: Which of them.
        time_s: The time of the record, or of the one before it if it has none; for a gap and a
            second name, when it was noticed.
        by_s: Of a clock jump, how far back, or ahead of the clock, in seconds; else `None`.
        detail: What is there, safe to show: of bytes that are no UTF-8 the first, in hex, with
            some around them; of a second name the first one. Else empty.
    """

    path: str
    kind: AnomalyKind
    time_s: float
    by_s: float | None = None
    detail: str = ""
