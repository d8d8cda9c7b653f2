"""The list under every long panel: what can be found in it, copied and taken out of it."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import ClassVar
from unittest import mock

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.containers import Horizontal
from textual.events import MouseScrollDown, MouseScrollUp
from textual.geometry import Offset
from textual.pilot import Pilot
from textual.scrollbar import ScrollBar
from textual.selection import Selection
from textual.strip import Strip

from alone import Alone, lines, marked, screen_of
from madrox_tui.export import to_csv
from madrox_tui.widgets.line_report import LineReport
from madrox_tui.widgets.line_view import LineView
from madrox_tui.widgets.rows import FIND_ROWS
from madrox_tui.widgets.text_view import TextView

pytestmark = pytest.mark.asyncio


class Poem(LineView):
    """Rows of a known text, of which the newest is the last."""

    def __init__(self, rows: list[str]) -> None:
        super().__init__(id="poem")
        self.rows = rows

    @property
    def follows_end(self) -> bool:
        return True

    def on_mount(self) -> None:
        self.show_rows(len(self.rows))

    def row(self, index: int) -> list[Segment]:
        return [Segment(self.rows[index])]


class Plain(Poem):
    """The same without a cursor."""

    has_cursor: ClassVar[bool] = False


ROWS = [f"row {n}, which is {'odd' if n % 2 else 'even'}" for n in range(40)]


@asynccontextmanager
async def shown(view: LineView) -> AsyncIterator[Pilot[None]]:
    app = Alone(view)
    async with app.run_test(size=(60, 12), notifications=True) as pilot:
        await pilot.pause()
        yield pilot


async def test_what_is_said_of_no_rows_is_never_cut() -> None:
    """Where there is nothing, why that is so takes as many lines as it needs."""

    class Empty(Poem):
        def nothing(self) -> str:
            return " ".join(["nothing", *["yet"] * 20, "but soon"])

    async with shown(Empty([])) as pilot:
        said = " ".join(line for line in lines(pilot) if line)
        assert said == "nothing " + "yet " * 20 + "but soon"


async def test_a_blank_keeps_rows_and_scrollbar_apart() -> None:
    """The last cell of a row that fills the view does not touch the bar; the end can be seen."""
    view = Poem(["x" * 55] * 40)
    async with shown(view) as pilot:
        assert view.row_width == 55 == view.content_size.width - 2
        row = pilot.app.screen._compositor.render_strips()[2].text
        assert row.startswith(f"│ {'x' * 55} ")
        view.show_rows(40, 200)
        view.scroll_to(x=1_000, animate=False, force=True)
        await pilot.pause()
        assert view.scroll_offset.x + view.row_width == 200


@pytest.mark.parametrize("kind", [Poem, Plain])
async def test_half_pages_and_the_ends_have_keys(kind: type[Poem]) -> None:
    """Ctrl+D goes half of what is seen on, Ctrl+U back; Home to the first row, End to the last.

    With a cursor it is the cursor that goes there, and is on the screen; else the rows scroll.
    """
    view = kind(ROWS)
    async with shown(view) as pilot:
        await pilot.press("home")
        half = (len([line for line in lines(pilot) if line in ROWS]) - 1) // 2
        assert half == 4
        end = len(ROWS) - (1 if view.has_cursor else view.size.height)
        for key, row in (
            *(("ctrl+d", half), ("ctrl+d", 2 * half), ("ctrl+u", half), ("end", end)),
            *(("ctrl+d", end), ("ctrl+u", end - half), ("home", 0), ("ctrl+u", 0)),
        ):
            await pilot.press(key)
            await pilot.pause()
            seen = [line for line in lines(pilot) if line in ROWS]
            assert ROWS[row] == (ROWS[view.cursor] if view.has_cursor else seen[0]), key
            assert ROWS[row] in seen, key
            assert ROWS[-1] in seen or row < end, key


async def test_lists_that_are_closed_are_let_go() -> None:
    """With their rows, once others come: a dashboard is open all day, dialogs come and go."""

    async def open_and_close(pilot: Pilot[None]) -> weakref.ref[Poem]:
        frame = Horizontal(Poem(ROWS))
        await pilot.app.mount(frame)
        await pilot.pause()
        poem = frame.query_one(Poem)
        await frame.remove()
        return weakref.ref(poem)

    async with shown(Poem(ROWS)) as pilot:
        closed = [await open_and_close(pilot) for _ in range(5)]
        await pilot.pause()
        gc.collect()
        assert sum(ref() is not None for ref in closed) <= 1


@pytest.mark.parametrize("key", ["j", "k", "pagedown", "ctrl+u", "home", "end"])
async def test_an_empty_list_goes_on_following(key: str) -> None:
    """Whoever presses a key before there is anything sees the newest when it comes."""
    view = Poem([])
    async with shown(view) as pilot:
        await pilot.press("G", key)
        assert view.follow
        view.rows += ROWS
        view.show_rows(len(view.rows))
        await pilot.pause()
        assert ROWS[-1] in lines(pilot)


def seen(view: LineView) -> list[int]:
    """The numbers of the rows on the screen."""
    first = view.scroll_offset.y
    return list(range(first, first + view.size.height))


async def wheel(pilot: Pilot[None], turn: type[MouseScrollDown | MouseScrollUp]) -> None:
    """Turn it until the cursor is out of sight."""
    view = pilot.app.query_one(LineView)
    while view.cursor in seen(view):
        await pilot._post_mouse_events([turn], LineView, offset=(5, 5))
        await pilot.wait_for_scheduled_animations()


@pytest.mark.parametrize(("key", "rows"), [("j", 1), ("k", -1), ("pagedown", 9), ("ctrl+u", -4)])
@pytest.mark.parametrize("turn", [MouseScrollDown, MouseScrollUp])
async def test_keys_go_on_where_the_wheel_has_led(
    key: str, rows: int, turn: type[MouseScrollDown | MouseScrollUp]
) -> None:
    """Turned away from the cursor, one is at the row in sight that is nearest to it."""
    view = Poem(ROWS)
    async with shown(view) as pilot:
        await pilot.press("g", *"j" * 20)
        await wheel(pilot, turn)
        assert view.cursor == 20
        nearest = seen(view)[0 if turn is MouseScrollDown else -1]
        await pilot.press(key)
        assert view.cursor == nearest + rows
        assert view.cursor in seen(view)


async def test_looking_for_a_text_begins_where_the_wheel_has_led() -> None:
    """The nearest match is the one that is nearest to what is seen."""
    view = Poem(ROWS)
    async with shown(view) as pilot:
        await pilot.press("g")
        await wheel(pilot, MouseScrollDown)
        first = seen(view)[0]
        view.look_for("which")
        assert view.cursor == first


async def test_another_size_keeps_what_the_wheel_has_led_to() -> None:
    """The rows at the top stay; the cursor is only kept on the screen if it was there."""
    view = Poem(ROWS)
    async with shown(view) as pilot:
        await pilot.press("g", *"j" * 8)
        await pilot.resize_terminal(60, 8)
        await pilot.pause()
        assert view.cursor in seen(view)
        await wheel(pilot, MouseScrollDown)
        first = seen(view)[0]
        for height in (6, 12, 8):
            await pilot.resize_terminal(60, height)
            await pilot.pause()
            assert seen(view)[0] == first
            assert view.cursor == 8


def drawn(view: LineView, y: int) -> str:
    return view.render_line(y).text


async def test_a_row_that_goes_on_says_so() -> None:
    """A dim mark stands in the margin where there is more, and at the left when there is some."""
    wide = "".join(f"{n:<8}" for n in range(12))
    view = Poem([wide, "short", f"{'a':<8}", "設計" * 40, ""])
    async with shown(view) as pilot:
        view.show_rows(5, 160)
        width = view.row_width
        assert drawn(view, 0) == wide[:width] + "›"
        assert drawn(view, 1) == "short".ljust(width + 1)
        assert drawn(view, 3).endswith("›")
        await pilot.press("l")
        assert drawn(view, 0) == "‹" + wide[9 : width + 8] + "›"
        assert drawn(view, 1) == "‹".ljust(width + 1)
        assert drawn(view, 4).strip() == ""
        view.scroll_to(x=7, animate=False, force=True)
        assert drawn(view, 3).startswith("‹")
        assert {view.render_line(y).cell_length for y in range(5)} == {width + 1}
        view.scroll_to(x=1_000, animate=False, force=True)
        assert drawn(view, 3).endswith("設計 ")
        assert drawn(view, 0) == "‹".ljust(width + 1)


async def test_hits_are_marked_and_walked() -> None:
    """Looking for a text goes to its first hit, marks all, and n and N walk around them."""
    view = Poem(ROWS)
    async with shown(view) as pilot:
        view.look_for("ODD")
        assert len(view.found.rows) == 0
        view.look_for("odd")
        assert view.cursor == 1
        assert (view.found.number, len(view.found.rows)) == (1, 20)
        assert marked(view, 1) == "odd"
        assert marked(view, 2) == ""
        await pilot.press("n")
        assert view.cursor == 3
        await pilot.press("N", "N")
        assert view.cursor == 39
        assert "row 39" in "".join(lines(pilot))
        view.look_for("")
        assert marked(view, view.cursor - view.scroll_offset.y) == ""


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


def lines_drawn(view: LineView, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Which lines of the screen are drawn from now on."""
    drawn: list[int] = []
    draw = view.render_line

    def counted(y: int) -> Strip:
        drawn.append(y)
        return draw(y)

    monkeypatch.setattr(view, "render_line", counted)
    return drawn


async def test_only_rows_whose_marks_change_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each letter of what is looked for draws the rows that are marked otherwise, and no other."""
    view = Poem(ROWS)
    async with shown(view) as pilot:
        drawn = lines_drawn(view, monkeypatch)
        for text, rows in (
            ("row 3,", {0, 3}),
            ("row 3, which", {3}),
            ("nowhere", {3}),
            ("no", set()),
        ):
            drawn.clear()
            view.look_for(text)
            await pilot.pause()
            assert set(drawn) == rows, text


async def test_a_hit_out_of_sight_is_marked_in_the_margin() -> None:
    """Of a row whose hit is not on the screen, the margin at that side bears the mark."""
    view = Poem([f"{'here':<80}there", "here and there", "neither"])
    async with shown(view):
        view.show_rows(3, 100)
        view.look_for("there")
        view.scroll_to(x=0, animate=False, force=True)
        assert [marked(view, y) for y in range(3)] == ["›", "there", ""]
        view.look_for("here and")
        view.scroll_to(x=10, animate=False, force=True)
        assert [marked(view, y) for y in range(3)] == ["", "‹", ""]


async def test_a_hit_in_what_is_not_shown_marks_the_row() -> None:
    """Also a row is marked whose hit stands in a column that there is no room for."""

    class Cut(Poem):
        def whole_text(self, index: int) -> str:
            return f"{self.rows[index]} {'secret' if index == 1 else ''}"

    view = Cut(["one", "two", "three"])
    async with shown(view) as pilot:
        view.look_for("secret")
        assert view.found.rows == [1]
        assert [marked(view, y) for y in range(3)] == ["", "›", ""]
        view.look_for("")
        assert drawn(view, 1).strip() == "two"
        await pilot.pause()


async def test_typing_searches_from_where_it_began() -> None:
    """A hit for the first letter does not keep a nearer one for the whole word from being found."""
    view = Poem([*ROWS[:10], "even the even", "nothing", "odd and eventful"])
    async with shown(view) as pilot:
        await pilot.press("G", "k", "k")
        for text in ("o", "od", "odd"):
            view.look_for(text)
        assert view.cursor == 12
        view.look_for("")
        await pilot.press("G")
        view.look_for("even t")
        assert view.cursor == 10


async def test_what_came_later_is_found() -> None:
    """The next hit may be in a row that was not there when the search began."""
    view = Poem(list(ROWS))
    async with shown(view) as pilot:
        view.look_for("news")
        assert view.found.at is None
        view.rows.append("great news")
        view.show_rows(len(view.rows))
        await pilot.press("n")
        assert view.cursor == 40


async def test_the_count_follows_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that come and go are counted without a key, and once for all that come in a moment."""
    view, searched = Poem(list(ROWS)), list[str]()
    find_rows = Poem.find_rows

    def look(view: Poem, text: str) -> Sequence[int]:
        searched.append(text)
        return find_rows(view, text)

    async with shown(view) as pilot:
        view.look_for("odd")
        await pilot.press("n")
        assert (view.found.number, len(view.found.rows)) == (2, 20)
        monkeypatch.setattr(Poem, "find_rows", look)
        for _ in range(5):
            view.rows.append("odd news")
            view.show_rows(len(view.rows))
        await until(lambda: len(view.found.rows) == 25)
        assert view.found.number == 2
        assert searched == ["odd"]
        view.rows[:] = ["even", "even", "even", "odd"]
        view.show_rows(4)
        await until(lambda: len(view.found.rows) == 1)
        assert (view.cursor, view.found.number) == (3, 1)
        view.look_for("")
        view.show_rows(4)
        assert searched == ["odd", "odd"]


async def test_the_number_is_of_the_last_hit_up_to_the_cursor() -> None:
    """After rows came above, the number is that of where the cursor is, or of the hit before it."""
    view = Poem(list(ROWS))
    async with shown(view) as pilot:
        view.look_for("odd")
        await pilot.press("j", "j", "j")
        view.rows[:0] = ["odd one before"]
        view.show_rows(len(view.rows))
        await until(lambda: len(view.found.rows) == 21)
        assert (view.cursor, view.found.number) == (4, 3)
        await pilot.press("g")
        view.rows[0] = "even"
        view.show_rows(len(view.rows))
        await until(lambda: len(view.found.rows) == 20)
        assert view.found.number == 0


async def test_without_a_cursor_the_view_scrolls_to_hits() -> None:
    """In a text the hit is brought into sight."""
    view = Plain(ROWS)
    async with shown(view) as pilot:
        view.look_for("row 30")
        await pilot.pause()
        assert "row 30" in "".join(lines(pilot))
        view.look_for("row 2")
        assert len(view.found.rows) == 11
        await pilot.press("n", "n")
        await pilot.pause()
        assert view.found.at is not None
        assert f"row {view.found.at}," in "".join(lines(pilot))


async def test_a_hit_far_to_the_right_is_brought_into_sight() -> None:
    """Rows that are wider than the view are scrolled sideways to what was found, and back."""
    view = TextView("begin " + "word " * 40 + "needle\nplain")
    async with shown(view) as pilot:
        await pilot.press("w")
        view.look_for("needle")
        await pilot.pause()
        assert "needle" in "".join(lines(pilot))
        view.look_for("begin")
        await pilot.pause()
        assert "begin" in "".join(lines(pilot))


async def test_n_without_anything_to_look_for_asks() -> None:
    """`n` before the first search, like Ctrl+F, asks what to look for."""
    app = Alone(Poem(ROWS))
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.press("n", "ctrl+f")
        assert app.finds == ["again", "anew"]


async def test_a_long_list_is_searched_from_its_end() -> None:
    """Where nothing faster is known, the last rows are looked through, and no more."""
    view = Poem([f"x{n}" for n in range(FIND_ROWS + 100)])
    async with shown(view):
        assert len(view.find_rows("x")) == FIND_ROWS
        assert view.find_rows("x")[-1] == FIND_ROWS + 99


async def test_a_selection_is_the_text_under_it() -> None:
    """Marking with the mouse gives those characters, over one row or several."""
    view = Poem(ROWS)
    async with shown(view):

        def of(start: tuple[int, int] | None, end: tuple[int, int] | None) -> str:
            selection = Selection(Offset(*start) if start else None, Offset(*end) if end else None)
            found = view.get_selection(selection)
            return found[0] if found else ""

        assert of((4, 2), (9, 2)) == "2, wh"
        assert of((4, 2), (5, 4)) == "2, which is even\nrow 3, which is odd\nrow 4"
        assert of(None, None) == "\n".join(ROWS)
        assert of((0, 39), (99, 99)) == "row 39, which is odd"


async def test_rows_that_look_alike_are_drawn_alike() -> None:
    """However far a list is scrolled, what is kept of how it was drawn does not grow."""
    view = Poem(ROWS)
    async with shown(view) as pilot:

        def styles() -> set[Style | None]:
            return {s.style for line in view.render_lines(view.outer_size.region) for s in line}

        before = styles()
        await pilot.press("G")
        await pilot.pause()
        assert styles() == before


async def test_the_mouse_marks_and_y_copies() -> None:
    """Drag over a row, press y: what was marked is in the clipboard, and a toast says so."""
    view = Poem(ROWS)
    async with shown(view) as pilot:
        await pilot.mouse_down(Poem, offset=(6, 3))
        await pilot.hover(Poem, offset=(12, 3))
        await pilot.mouse_up(Poem, offset=(12, 3))
        await pilot.pause()
        await pilot.press("y")
        copied = view.app.clipboard
        assert copied
        assert copied in ROWS[2]
        assert copied != ROWS[2]
        await pilot.pause()
        assert any(f"copied {copied}" in note.message for note in view.app._notifications)


async def test_y_copies_the_record_under_the_cursor() -> None:
    """Without a selection it is the row; in a text, the rows in sight."""
    view = Poem([*ROWS, "last\x1b[201~"])
    async with shown(view) as pilot:
        await pilot.press("j", "y")
        assert view.app.clipboard == "row 1, which is odd"
        await pilot.press("G", "y")
        assert view.app.clipboard == "last␛[201~"
    plain = Plain(ROWS)
    async with shown(plain) as pilot:
        await pilot.press("y")
        assert plain.app.clipboard.split("\n") == ROWS[:10]


async def test_rows_are_exported_as_text() -> None:
    """A list that knows no values exports its rows."""
    view = Poem(ROWS[:2])
    async with shown(view):
        assert to_csv(view.export()) == 'text\n"row 0, which is even"\n"row 1, which is odd"\n'


async def test_an_export_has_the_rows_that_were_there_when_it_was_asked_for() -> None:
    """Its name is typed for a while, and meanwhile a report may become shorter."""
    report = LineReport()
    async with shown(report):
        report.show_lines([[("one", "")], [("two", "")]])
        export = report.export()
        report.show_lines([[("other", "")]])
        assert to_csv(export) == "text\none\ntwo\n"


async def test_a_list_that_is_as_high_as_its_rows_grows_with_them() -> None:
    """Also while the screen is laid out for something else: what is new has room on it."""
    view = TextView("one")
    async with shown(view) as pilot:
        view.styles.height = "auto"
        await pilot.pause()
        view.refresh(layout=True)
        pilot.app.screen._clear_arrangement_cache()
        pilot.app.screen._refresh_layout()  # before the view has had its turn
        view.show_text("one\ntwo\nthree")
        await pilot.pause()
        assert "three" in "".join(lines(pilot))


async def test_w_wraps_long_text_or_scrolls_it_sideways() -> None:
    """A text begins wrapped; `w` shows its lines whole, and `l` their ends."""
    view = TextView("short\n" + "word " * 40 + "end")
    async with shown(view) as pilot:
        assert "end" in "".join(lines(pilot))
        await pilot.press("w")
        await pilot.pause()
        assert "end" not in "".join(lines(pilot))
        await pilot.press(*"l" * 30)
        await pilot.pause()
        assert "end" in "".join(lines(pilot))
        await pilot.press("w")
        await pilot.pause()
        assert "short" in "".join(lines(pilot))


async def test_a_row_that_only_moved_is_not_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """When a row is added at the end, the others move up as they are: only the new one is drawn."""
    view = Plain(list(ROWS))
    async with shown(view) as pilot:
        view.action_last()
        await pilot.pause()
        drawn = lines_drawn(view, monkeypatch)
        view.rows.append("a new row")
        view.show_rows(len(view.rows))
        await pilot.pause()
        assert lines(pilot)[-2] == "a new row"
        assert lines(pilot)[-3] == ROWS[-1]
        assert drawn == [view.size.height - 1]


async def test_a_row_that_moved_looks_as_it_would_elsewhere() -> None:
    """Whatever moves, is marked or is cropped, the screen is as if all of it were drawn anew."""
    view = Poem([*ROWS, "設計" * 40, "x" * 80])
    async with shown(view) as pilot:
        view.show_rows(len(view.rows), 160)
        for keys in ("G", "k", "l", "g", "j", "j", "h", "pagedown", "G"):
            await pilot.press(keys)
            view.rows.append(f"after {keys}")
            view.show_rows(len(view.rows), 160)
            if keys == "j":
                view.look_for("odd" if not view.found.text else "")
            await pilot.pause()
            seen = pilot.app.screen._compositor.render_strips()
            view._styles_cache.clear()
            view.refresh()
            await pilot.pause()
            assert pilot.app.screen._compositor.render_strips() == seen, keys


def as_textual_draws_it(bar: ScrollBar) -> bool:
    """Whether a scrollbar looks as if nothing of it had been drawn before."""
    seen = bar.render_lines(bar.size.region)
    bar._styles_cache.clear()
    bar._dirty_regions.add(bar.size.region)
    return seen == bar.render_lines(bar.size.region)


async def test_the_scrollbar_is_drawn_when_it_looks_different() -> None:
    """The bar always looks like Textual's; while rows are added it is most often left alone."""
    view = Plain(list(ROWS))
    async with shown(view) as pilot:
        view.action_last()
        await pilot.pause(0)
        bar = view.vertical_scrollbar
        with mock.patch.object(bar, "refresh", wraps=bar.refresh) as refresh:
            for number in range(200):
                view.rows.append(f"more {number}")
                view.show_rows(len(view.rows))
                await pilot.pause(0)
                if number % 20 == 0:
                    assert as_textual_draws_it(bar)
        assert 0 < refresh.call_count < 50
        for position in range(0, int(view.max_scroll_y), 7):
            view.scroll_to(y=position, animate=False, immediate=True, force=True)
            await pilot.pause(0)
            assert as_textual_draws_it(bar), position
        still = bar.render_lines(bar.size.region)
        await pilot.hover(offset=bar.region.offset)
        assert bar.render_lines(bar.size.region) != still
        assert as_textual_draws_it(bar)
        await pilot.press("g")
        assert bar.position == 0
        assert "▁" not in screen_of(pilot)


async def test_the_scrollbar_takes_a_list_off_its_end_and_back() -> None:
    """Dragged up, or clicked above its thumb, the list stays there, whatever is added to it."""
    view = Poem(ROWS)
    async with shown(view) as pilot:
        bar, rows = view.vertical_scrollbar.region, len(ROWS)

        def grow() -> bool:
            """Add a row; whether the list is at its end then."""
            view.rows.append("a new row")
            view.show_rows(len(view.rows))
            return view.scroll_offset.y == view.max_scroll_y

        async def drag(start: int, end: int) -> None:
            await pilot.mouse_down(offset=(bar.x, bar.y + start))
            await pilot.hover(offset=(bar.x, bar.y + end))
            await pilot.mouse_up(offset=(bar.x, bar.y + end))
            await pilot.wait_for_scheduled_animations()

        async def click(y: int) -> None:
            await pilot.click(offset=(bar.x, bar.y + y))
            await pilot.wait_for_scheduled_animations()

        last = bar.height - 1
        await pilot.press("G")
        assert grow()
        await drag(last, 3)
        assert 0 < view.scroll_offset.y < rows // 2
        assert not grow()
        await drag(3, last + 1)
        assert grow()
        await click(0)
        assert not grow()
        view.scroll_to(y=view.max_scroll_y - 9, animate=False)
        await click(last)
        assert grow()
