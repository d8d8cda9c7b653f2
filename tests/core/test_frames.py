from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import RULE, TreeBuilder
from logging_core.anomalies import AnomalyKind
from logging_core.codec.entries import Unreadable
from logging_core.codec.pane import encode_frame, restore_pane
from logging_core.read import frames
from logging_core.read.frames import FrameScanner, FrameSpan, read_frame
from logging_core.read.reader import TreeReader
from logging_core.records import FrameRef

TORN = (AnomalyKind.TORN,)
HEADER = f"\n{RULE}\n[2026-11-23T12:00:00.000000]\n{RULE}\n"


def header(second: int) -> str:
    return f"\n{RULE}\n[2026-11-23T12:00:{second:02d}.000000]\n{RULE}\n"


def scan(
    data: bytes, scanner: FrameScanner | None = None, *, final: bool = False
) -> list[FrameSpan | Unreadable]:
    """What a new scanner finds, if it is given everything at once."""
    scanner = scanner or FrameScanner()
    return scanner.feed(data[scanner.offset :], at_end=True, final=final)


def spans(text: str, *, final: bool = False) -> list[FrameSpan]:
    return spans_in(scan(text.encode(), final=final))


def spans_in(found: Iterable[FrameSpan | Unreadable]) -> list[FrameSpan]:
    return [item for item in found if isinstance(item, FrameSpan)]


def bodies(text: str) -> list[str]:
    return [text.encode()[span.body_offset : span.end].decode() for span in spans(text)]


def refs(root: Path) -> list[FrameRef]:
    records = TreeReader(root).poll().records
    return [record for record in records if isinstance(record, FrameRef)]


def test_frames_are_found_with_their_times_and_places() -> None:
    """A frame goes from its header to the next one's empty line."""
    text = header(0) + "one\n" + header(7) + "two\nlines\n"
    first, second = spans(text)
    assert (first.offset, first.end) == (0, second.offset)
    assert second.end == len(text)
    assert bodies(text) == ["one\n", "two\nlines\n"]
    assert [span.time_s for span in (first, second)] == [TreeBuilder.epoch(0), TreeBuilder.epoch(7)]
    assert not first.suspect


def test_equal_panes_have_equal_digests() -> None:
    """Digests tell when a pane last changed."""
    first, second, third = spans(header(0) + "a\n" + header(1) + "a\n" + header(2) + "b\n")
    assert first.digest == second.digest != third.digest


@pytest.mark.fault("R24")
def test_a_header_that_holds_no_time_is_text() -> None:
    """Three lines that only look like a header belong to the pane."""
    text = f"\n{RULE}\n[2026-99-99T12:00:00]\n{RULE}\nstill one\n"
    assert bodies(HEADER + "one\n" + text) == ["one\n" + text]


@pytest.mark.fault("R24")
@pytest.mark.parametrize(
    "text",
    [f"x{RULE}\n[2026-11-23T12:00:00]\n{RULE}\n", f"\n={RULE}\n[2026-11-23T12:00:00]\n{RULE}\n"],
)
def test_a_rule_counts_only_as_a_line_of_its_own(text: str) -> None:
    """A longer line that ends in a rule is text."""
    assert len(spans(HEADER + text)) == 1


@pytest.mark.fault("R24")
def test_a_frame_whose_time_runs_backwards_is_suspect() -> None:
    """Pane text may have forged such a header; the next one is compared with it in turn."""
    text = header(10) + "a\n" + header(5) + "forged\n" + header(11) + "b\n"
    assert [span.suspect for span in spans(text)] == [(), (AnomalyKind.BACK,), ()]


def test_the_newest_frame_grows() -> None:
    """The same frame comes again with a later end, until the next one begins."""
    data = (header(0) + "one\n" + header(1) + "two\n").encode()
    cut = data.index(b"one") + 2
    scanner = FrameScanner()
    (torn,) = scan(data[:cut], scanner)
    assert isinstance(torn, FrameSpan)
    assert scan(data[:cut], scanner) == []
    whole, newest = scan(data, scanner)
    assert isinstance(whole, FrameSpan)
    assert (whole.offset, whole.end) == (torn.offset, len(HEADER) + 4)
    assert whole.digest == zlib.crc32(b"one\n")
    assert isinstance(newest, FrameSpan)
    assert newest.offset == whole.end


CUTS = range(1, len(HEADER))
BORROWING = (len(HEADER) - 82, len(HEADER) - 1)
"""Cut there, a header and the beginning of the next one make a header together."""


@pytest.mark.fault("R25")
@pytest.mark.parametrize("before", ["", header(0) + "one\n"])
def test_a_header_that_was_cut_off_hides_no_other(before: str) -> None:
    """Wherever a header ends too early, the next capture is found whole, and is not suspect."""
    for cut in CUTS:
        found = spans(before + header(1)[:cut] + header(7) + "two\n")
        text = (before + header(1)[:cut] + header(7) + "two\n")[found[-1].body_offset :]
        assert (text, found[-1].time_s) == ("two\n", TreeBuilder.epoch(7)), cut
        assert found[-1].suspect == (), cut
        assert found[-1].offset == len(before) + cut, cut


@pytest.mark.fault("R25")
def test_what_there_is_of_a_torn_capture_is_shown_and_suspect() -> None:
    """What is left of a header is text of the capture before it.

    A lone newline that is left of a header is the end of a text as good as any.
    """
    for cut in set(CUTS[1:]) - set(BORROWING):
        torn = header(0) + "one\n" + header(1)[:cut]
        first, whole = spans(torn + header(7) + "two\n")
        assert (first.end, whole.offset) == (len(torn), len(torn)), cut
        assert (first.suspect, whole.suspect) == (TORN, ()), cut
    for torn in (header(0), header(0) + "on", header(0) + "one\n" + header(1)[:90]):
        assert [span.suspect for span in spans(torn)] == [()]  # it may be still being written
        assert [span.suspect for span in spans(torn, final=True)] == [TORN]
    assert [span.suspect for span in spans(header(0) + header(1) + "two\n")] == [TORN, ()]
    assert bodies(header(0) + header(1) + "two\n") == ["", "two\n"]


@pytest.mark.fault("R25")
@pytest.mark.parametrize("cut", BORROWING)
def test_a_torn_header_that_borrows_from_the_next_one_is_a_capture_without_text(cut: int) -> None:
    """It has a time, and its last rule, or the newline after that, is the next one's first."""
    torn, whole = spans(header(1)[:cut] + header(7) + "two\n")
    assert (torn.time_s, torn.body_offset, torn.end) == (TreeBuilder.epoch(1), cut, cut)
    assert (torn.suspect, whole.suspect) == (TORN, ())
    assert whole.offset == cut


@pytest.mark.fault("R25")
@given(st.sampled_from(CUTS), st.lists(st.integers(1, 120), min_size=1, max_size=9))
def test_a_torn_header_hides_no_other_however_the_file_grows(cut: int, pieces: list[int]) -> None:
    """Whatever was read before the rest came, the same captures are known in the end."""
    data = (header(0) + "one\n" + header(1)[:cut] + header(7) + "two\n").encode()
    scanner, found, end, turn = FrameScanner(tails=True), dict[int, FrameSpan](), 0, 0
    while end < len(data):
        end = min(len(data), end + pieces[turn % len(pieces)])
        found |= {span.offset: span for span in spans_in(scan(data[:end], scanner))}
        turn += 1
    assert [*found.values()] == spans_in(scan(data, FrameScanner(tails=True)))


@pytest.mark.fault("R25")
def test_a_capture_is_told_of_again_when_it_turns_out_to_be_torn() -> None:
    """Once another one follows, or its file is put aside: before, its end may be yet to come."""
    scanner = FrameScanner()
    torn = (header(0) + "on").encode()
    assert [span.suspect for span in spans_in(scan(torn, scanner))] == [()]
    assert scan(torn, scanner) == []
    found = spans_in(scan(torn + (header(1) + "tw").encode(), scanner))
    assert [(span.time_s, span.suspect) for span in found] == [
        (TreeBuilder.epoch(0), TORN),
        (TreeBuilder.epoch(1), ()),
    ]
    found = spans_in(scan(torn + (header(1) + "tw").encode(), scanner, final=True))
    assert [(span.time_s, span.suspect) for span in found] == [(TreeBuilder.epoch(1), TORN)]


@pytest.mark.fault("R25")
def test_captures_that_were_written_into_each_other_are_both_found() -> None:
    """As by two processes that write at once: what there is of each is shown."""
    mixed = header(0) + "one " + header(1) + "two\n" + "of one\n" + header(2) + "three\n"
    assert bodies(mixed) == ["one ", "two\nof one\n", "three\n"]
    assert [span.suspect for span in spans(mixed)] == [TORN, (), ()]


@pytest.mark.fault("R25")
def test_text_before_the_first_frame_is_one_problem() -> None:
    """Text before the first frame belongs to no capture, and is one problem."""
    found = scan(b"stray text\n" * 50 + HEADER.encode() + b"one\n")
    assert [type(item) for item in found] == [Unreadable, FrameSpan]


def test_a_file_whose_first_newline_is_missing_is_read() -> None:
    """A file that somebody trimmed, so that its first newline is missing, is read."""
    assert bodies(HEADER.lstrip("\n") + "one\n") == ["one\n"]


PANES = st.lists(
    st.one_of(
        st.text(max_size=30),
        st.sampled_from([f"{RULE}", f" {RULE}\n", header(0), "\n\n", "x\n" * 200, ""]),
    ),
    min_size=1,
    max_size=5,
)


@given(PANES, st.lists(st.integers(1, 300), min_size=1, max_size=20))
@settings(max_examples=150, deadline=None)
def test_frames_are_the_same_however_the_file_is_cut(panes: list[str], cuts: list[int]) -> None:
    """Read in pieces of any size or at once: the same frames, and as many as were written."""
    data = b"".join(encode_frame(1_800_000_000 + n, pane) for n, pane in enumerate(panes))
    scanner, found, end = FrameScanner(), dict[int, FrameSpan | Unreadable](), 0
    while end < len(data):
        end = min(len(data), end + cuts[end % len(cuts)])
        for item in scan(data[:end], scanner):
            found[item.offset] = item
    at_once = scan(data)
    *earlier, newest = found.values()
    assert [item._replace(tail="") for item in spans_in(earlier)] == at_once[:-1]
    assert newest == at_once[-1]
    assert len(at_once) == len(panes)


@given(PANES)
@settings(max_examples=100, deadline=None)
def test_what_was_captured_is_what_is_read(panes: list[str]) -> None:
    """A pane comes back as it was, whatever lines it holds."""
    data = b"".join(encode_frame(1_800_000_000 + n, pane) for n, pane in enumerate(panes))
    found = [item for item in scan(data) if isinstance(item, FrameSpan)]
    texts = [data[span.body_offset : span.end].removesuffix(b"\n").decode() for span in found]
    restored = [restore_pane(text) for text in texts]
    assert restored == [pane.encode("utf-8", "backslashreplace").decode() for pane in panes]


# --- text of a frame ---------------------------------------------------------------


def test_the_text_of_a_frame_keeps_colours_and_nothing_else(tree: TreeBuilder) -> None:
    """SGR stays for the pane view, everything else is shown as a picture; `raw` keeps all."""
    tree.frame("a", "\x1b[31mred\x1b[0m \x1b]0;title\x07 done")
    (ref,) = refs(tree.root)
    assert read_frame(tree.root, ref) == "\x1b[31mred\x1b[0m ␛]0;title␇ done"
    assert read_frame(tree.root, ref, raw=True) == "\x1b[31mred\x1b[0m \x1b]0;title\x07 done"


def test_a_frame_is_read_after_its_file_was_gzipped(tree: TreeBuilder) -> None:
    """A reference stays good when the capture file is compressed."""
    tree.frame("a", "one")
    tree.frame("a", "two", at=1)
    first, second = refs(tree.root)
    path = tree.root / first.path
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    assert [read_frame(tree.root, ref) for ref in (first, second)] == ["one", "two"]
    assert [ref.path for ref in refs(tree.root)] == [f"{first.path}.gz"] * 2


def test_a_frame_of_a_replaced_file_is_not_made_up(tree: TreeBuilder) -> None:
    """Other bytes at the same place are no capture: that is an `OSError`."""
    tree.frame("a", "one")
    (ref,) = refs(tree.root)
    (tree.root / ref.path).write_bytes(b"x" * 1000)
    with pytest.raises(OSError, match="replaced"):
        read_frame(tree.root, ref)


def test_of_a_giant_frame_the_end_is_read(
    tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a giant frame the end, which a person looks at first, is read in bounded memory."""
    monkeypatch.setattr(frames, "MAX_SHOWN", 20)
    tree.frame("a", "x" * 100 + "the end")
    (ref,) = refs(tree.root)
    assert read_frame(tree.root, ref).endswith("xthe end")
    assert len(read_frame(tree.root, ref)) == 19


def test_the_frames_of_the_real_tree_are_all_found(real_tree: Path) -> None:
    """In a real tree there are as many frames as headers, in order, with the text of the file."""
    for path in sorted(real_tree.glob("instances/*/tmux_output.log")):
        own = [
            ref for ref in refs(real_tree) if ref.path.endswith(f"{path.parent.name}/{path.name}")
        ]
        text = path.read_text()
        assert len(own) == sum(line.startswith("[20") for line in text.split("\n"))
        assert not any(ref.suspect for ref in own)
        chunks = text.split(RULE)[2::2]
        shown = [read_frame(real_tree, ref, raw=True) for ref in own]
        assert shown == [
            chunk.removeprefix("\n").removesuffix("\n").removesuffix("\n") for chunk in chunks
        ]
