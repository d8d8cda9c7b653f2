"""Drawn rows of the timeline."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style

from fleets import instance, view
from logging_core.records import Message
from madrox_tui.panels.timeline.line import KEPT, Context, Lines, line
from madrox_tui.panels.timeline.outcome import Outcome

STYLES = {
    name: Style() for name in ("muted", "good", "accent", "warn", *map("hue-{}".format, range(8)))
}
OTHERS = {name: Style(bold=True) for name in STYLES}
ASKED = Message(
    instance_id="a", time_s=0.0, event_type="message_sent", direction="outbound", content="asked"
)


def text(segments: Sequence[Segment]) -> str:
    return "".join(segment.text for segment in segments)


def test_a_row_is_drawn_anew_when_it_looks_different() -> None:
    """Width, age, name, colour and theme are those of now; what is the same is kept."""
    lines, before = Lines(), view([instance("a", "atlas"), instance("b", "harbor")])
    open_1s = Outcome("open 1s", "1s", "warn")
    context = Context(before, STYLES.__getitem__)
    drawn = lines.draw(0, ASKED, 80, context, None)
    again = view([instance("a", "atlas", requests=3), instance("b", "harbor")])
    assert lines.draw(0, ASKED, 80, Context(again, STYLES.__getitem__), None) is drawn
    renamed = view([instance("a", "anchor"), instance("b", "harbor")])
    moved = view([instance("b", "harbor"), instance("a", "atlas")])
    for width, said, seen, styles in (
        (60, None, before, STYLES),
        (60, open_1s, before, STYLES),
        (60, open_1s._replace(text="open 2s"), before, STYLES),
        (60, None, renamed, STYLES),
        (60, None, moved, STYLES),
        (60, None, before, OTHERS),
    ):
        context = Context(seen, styles.__getitem__)
        expected = line(ASKED, width, context, said)
        assert lines.draw(0, ASKED, width, context, said) == expected


def test_as_many_rows_as_anyone_scrolls_through_are_drawn() -> None:
    """Rows that are no longer kept are drawn as before."""
    lines, context = Lines(), Context(view([instance("a", "atlas")]), STYLES.__getitem__)
    for number in [*range(2 * KEPT), *range(5)]:
        assert "asked" in text(lines.draw(number, ASKED, 60, context, None))
