"""The audit files read in bulk: exchanges by the block, everything else as records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from logging_core.codec.bulk import MAX_BYTES, decode_exchanges
from logging_core.event_types import EXCHANGE
from logging_core.exchanges import AuditBlock, Exchanges
from logging_core.read.json_lines import JsonLines
from logging_core.read.lines import Line, LineSplitter
from logging_core.read.log import Found
from logging_core.read.names import shown_name
from logging_core.records import AuditEvent, Record


class ChunkSplitter(LineSplitter):
    """As `LineSplitter`, but whole lines stay together, about `MAX_BYTES` of them.

    Such a chunk is a `Line` whose data ends with a newline, which no single line's does.
    """

    __slots__ = ()

    def feed(self, data: bytes, *, at_end: bool, final: bool) -> list[Line]:
        """See `LineSplitter`."""
        lines: list[Line] = []
        if self._head or not self._aligned:  # the end of a line of which nothing else is here
            first = data.find(b"\n") + 1
            lines += super().feed(data[:first], at_end=False, final=False) if first else ()
            data = data[first:]
        end = data.rfind(b"\n") + 1
        if end:
            lines += _cut(data, end, self.offset)
            self._begin(self.offset + end)
        return [*lines, *super().feed(data[end:], at_end=at_end, final=final)]


class AuditLog(JsonLines):
    """All audit files; as `JsonLines`, but plain exchanges come in blocks."""

    _feed = ChunkSplitter

    def _take(self, path: str, items: Iterable[Line], found: Found) -> None:
        items = list(items)
        exchanges = Exchanges()
        lines: list[Line] = []
        times: list[float | None] = []
        for item in items:
            if not item.data.endswith(b"\n"):
                lines.append(item)
                times.append(None)
                continue
            decoded = decode_exchanges(item.data)
            times += decoded.times
            exchanges.extend(decoded.exchanges)
            lines += (Line(item.offset + at, line, len(line)) for at, line in decoded.rest)
        singly = Found()
        single_times = iter(self._decode_lines(path, lines, singly))
        if exchanges and _depend_on_order(singly.records, exchanges):
            singly, exchanges = Found(), Exchanges()
            self._decode_lines(path, _all_lines(items), singly)
        found.records += singly.records
        # The exchanges between them are not known by their place.
        found.problems += (replace(problem, time_s=None) for problem in singly.problems)
        found.anomalies += singly.anomalies
        if None in times:
            times = [next(single_times) if time_s is None else time_s for time_s in times]
        found.anomalies += self._finder.check_all(path, [t for t in times if t is not None])
        if exchanges:
            found.blocks.append(AuditBlock(shown_name(path), exchanges))


def _depend_on_order(records: Iterable[Record], exchanges: Exchanges) -> bool:
    """Whether it matters where in the file the records stood among the exchanges.

    An event without a time has that of the line before it, and of two exchanges with one id the
    first counts.
    """
    ids = set()
    for record in records:
        if isinstance(record, AuditEvent):
            if record.time_s is None:
                return True
            if record.event_type == EXCHANGE and record.message_id is not None:
                ids.add(record.message_id)
    return bool(ids) and not ids.isdisjoint(exchanges.message_ids)


def _all_lines(items: Iterable[Line]) -> Iterator[Line]:
    for item in items:
        splitter = LineSplitter()
        splitter.resume([item.offset])
        whole = splitter.feed(item.data, at_end=False, final=False)
        yield from whole or (item,)


def _cut(data: bytes, end: int, base: int) -> Iterator[Line]:
    """`data` up to `end` in pieces that end with a newline; a long line makes a longer one."""
    start = 0
    while start < end:
        stop = data.rfind(b"\n", start, min(end, start + MAX_BYTES)) + 1
        stop = stop or data.index(b"\n", start) + 1
        yield Line(base + start, data[start:stop], stop - start)
        start = stop
