"""Random access to the frames of one pane, in capture files of any size."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

from logging_core.arguments import moment, whole_number
from logging_core.codec.pane import TAIL_BYTES, pane_tail, screen_sum
from logging_core.read.density import DensityStrip
from logging_core.read.files import Part, Source, open_regular
from logging_core.read.frame_search import are_back, find_moment, headers_before, headers_from
from logging_core.read.frames import MAX_SHOWN, Header, read_frame, suspect_of
from logging_core.read.listing import parts_of
from logging_core.read.names import directories_of, shown_name
from logging_core.records import FrameRef
from logging_core.tree import INSTANCES, expand_user, log_of, portable_path


class PaneFile:
    """The frames of one instance's pane.

    Nothing is indexed or kept: each call looks at what is there, reads a few blocks where it must,
    and closes the file. All calls block. One whose file is not there finds nothing. A frame's text
    is read for its `digest` unless it is larger than 4 MiB: then that is 0.

    Args:
        root: Of the tree.
        instance_id: Whose, as records give it, or the name of the instance's directory.

    Raises:
        TypeError: `instance_id` is no text.
        ValueError: `root` is in the home of nobody.
    """

    def __init__(self, root: str | os.PathLike[str], instance_id: str) -> None:
        if not isinstance(instance_id, str):
            raise TypeError(f"instance_id is {instance_id!r}: use the id of an instance")
        self._root = expand_user(root)
        self._instance_id = shown_name(instance_id)
        self._wanted = instance_id

    def has_directory(self) -> bool:
        """Whether the instance has a directory, with captures or without."""
        (directory,) = directories_of(self._root, [self._wanted])
        return (self._root / INSTANCES / directory).is_dir()

    def newest(self, count: int) -> list[FrameRef]:
        """The newest `count` frames, oldest first.

        Raises:
            ValueError: `count` is no whole number, or negative.
            OSError: A file cannot be read.
        """
        count = whole_number("count", count)
        return self._backwards(list(self._parts()), None, count)

    def before(self, ref: FrameRef, count: int) -> list[FrameRef]:
        """Up to `count` frames before one, oldest first; none if its file is gone.

        Raises:
            ValueError: `count` is no whole number, or negative.
            OSError: A file cannot be read.
        """
        count = whole_number("count", count)
        parts = list(self._parts())
        number = _find(parts, ref)
        return [] if number is None else self._backwards(parts[: number + 1], ref.offset, count)

    def after(self, ref: FrameRef, count: int) -> list[FrameRef]:
        """Up to `count` frames after one, oldest first; none if its file is gone.

        Raises:
            ValueError: `count` is no whole number, or negative.
            OSError: A file cannot be read.
        """
        count = whole_number("count", count)
        parts = list(self._parts())
        number = _find(parts, ref)
        if number is None:
            return []
        found: list[FrameRef] = []
        for part in parts[number:]:
            own = part is parts[number]
            left = count - len(found)
            if left <= 0:
                break
            with self._open(part) as source:
                start = ref.offset if own else 0
                headers = list(islice(headers_from(source, start, source.size), left + 2))
                before = headers.pop(0) if own and headers else None
                found += self._refs(source, part, before, headers, left)
        return found

    def at(self, time_s: float) -> FrameRef | None:
        """The newest frame at or before a moment; `None` if there is none.

        One whose time runs backwards is passed over.

        Args:
            time_s: Seconds since the epoch.

        Raises:
            ValueError: `time_s` is no time.
            OSError: A file cannot be read.
        """
        time_s = moment("time_s", time_s)
        for part in reversed(list(self._parts())):
            with self._open(part) as source:
                first = next(headers_from(source, 0, source.size), None)
                if first is None or first.time_s > time_s:
                    continue
                offset, _ = find_moment(source, time_s, first.offset, source.size)
                return self._at(source, part, max(offset, first.offset))
        return None

    def read(self, ref: FrameRef, *, raw: bool = False) -> str:
        """The text of a frame, its last newline off.

        SGR colour sequences stay; everything else is made safe to show. Of a frame beyond 4 MiB
        only the end is read.

        Args:
            ref: The frame; one that `follow()` or `History` gave, too.
            raw: Leave the text unsanitised.

        Raises:
            OSError: The file is gone or unreadable, or another one has taken its place.
        """
        return read_frame(self._root, ref, raw=raw)

    def span(self) -> tuple[float, float] | None:
        """When the first and the newest frame were captured; `None` if there is none.

        Raises:
            OSError: A file cannot be read.
        """
        first_s = last_s = None
        for part in self._parts():
            with self._open(part) as source:
                first = next(headers_from(source, 0, source.size), None)
                last = next(headers_before(source, source.size), None)
            if first is not None and last is not None:
                first_s = first.time_s if first_s is None else first_s
                last_s = max(last.time_s, first_s)
        return None if first_s is None or last_s is None else (first_s, last_s)

    def density(
        self, buckets: int, from_s: float | None = None, to_s: float | None = None
    ) -> list[int]:
        """How much the pane changed in each of `buckets` equal stretches of time, in bytes.

        Of a file up to 4 MiB these are the bytes of the lines that the frame before lacks, and 1
        for the first frame of all and one that only lost lines. A larger one is only measured at
        the edges of the stretches: there they are all that was captured, changed or not.

        Args:
            buckets: How many, at least 1.
            from_s: Where the first begins; `None` for the first frame.
            to_s: Where the last ends; `None` for the newest frame.

        Raises:
            ValueError: `buckets` is no whole number, or below 1; or a time is none, or infinite.
            OSError: A file cannot be read.
        """
        buckets = whole_number("buckets", buckets, 1)
        for name, time_s in (("from_s", from_s), ("to_s", to_s)):
            if time_s is not None:
                moment(name, time_s, finite=True)
        span = self.span()
        if span is None:
            return [0] * buckets
        start_s = span[0] if from_s is None else from_s
        end_s = span[1] if to_s is None else to_s
        strip = DensityStrip(buckets, start_s, end_s)
        for part in self._parts():
            with self._open(part) as source:
                strip.add(source)
        return strip.amounts

    # --- frames of headers ---------------------------------------------------

    def _backwards(self, parts: Sequence[Part], end: int | None, count: int) -> list[FrameRef]:
        """The last `count` frames that begin before `end` in the last part, or in those before."""
        found: list[FrameRef] = []
        for part in reversed(parts):
            left = count - len(found)
            if left <= 0:
                break
            with self._open(part) as source:
                stop = source.size if end is None else end
                headers = list(islice(headers_before(source, stop), left + 1))[::-1]
                before = headers.pop(0) if len(headers) > left else None
                following = list(islice(headers_from(source, stop, source.size), 1))
                found[:0] = self._refs(source, part, before, headers + following, len(headers))
            end = None
        return found

    def _at(self, source: Source, part: Part, offset: int) -> FrameRef | None:
        before = next(headers_before(source, offset), None)
        headers = list(islice(headers_from(source, offset, source.size), 2))
        return next(iter(self._refs(source, part, before, headers, 1)), None)

    def _refs(
        self,
        source: Source,
        part: Part,
        before: Header | None,
        headers: Sequence[Header],
        count: int,
    ) -> list[FrameRef]:
        """The first `count` of frames that follow each other; `before` is the one before them."""
        known = [*headers[:1], *headers] if before is None else [before, *headers]
        back = are_back(known)
        refs: list[FrameRef] = []
        for number, header in enumerate(headers[:count]):
            newest = number + 1 == len(headers)
            end = source.size if newest else headers[number + 1].offset
            begin, body = header.body_before(end), b""
            if end - begin <= MAX_SHOWN:
                body = source.read(end - begin, begin)
            size = min(TAIL_BYTES, end - begin)
            last = source.read(size, end - size)
            refs.append(
                FrameRef(
                    instance_id=self._instance_id,
                    time_s=header.time_s,
                    path=portable_path(part.path),
                    offset=header.offset,
                    body_offset=begin,
                    end=end,
                    digest=zlib.crc32(body),
                    screen=screen_sum(last),
                    suspect=suspect_of(last, is_back=back[number], may_grow=newest and part.live),
                    tail=pane_tail(last) if newest else "",
                )
            )
        return refs

    # --- files ---------------------------------------------------------------

    def _parts(self) -> Iterator[Part]:
        """The capture files, oldest first, each once."""
        seen = set()
        (directory,) = directories_of(self._root, [self._wanted])
        for part in parts_of(self._root, log_of(directory, "tmux_output")):
            if part.id not in seen:
                seen.add(part.id)
                yield part

    @contextmanager
    def _open(self, part: Part) -> Iterator[Source]:
        with open_regular(str(self._root / part.path)) as fd:
            yield Source.of(fd)


def _find(parts: Sequence[Part], ref: FrameRef) -> int | None:
    """Which part a frame stands in; it may have been compressed meanwhile."""
    for name in (ref.path, f"{ref.path}.gz"):
        for number, part in enumerate(parts):
            if portable_path(part.path) == name:
                return number
    return None
