"""The lines above the audit panel's table: as many as fit, as styled words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from logging_core.analyse.state import Slot, Usage
from madrox_tui import format as fmt
from madrox_tui.panels.audit.figures import Word, Words
from madrox_tui.panels.audit.money import Budget, Rate
from madrox_tui.panels.audit.plots import AuditPlots
from madrox_tui.panels.audit.rates import HOUR, WINDOWS
from madrox_tui.panels.audit.view import AuditView
from madrox_tui.plot import ESTIMATED, LEVELS, bar, histogram
from madrox_tui.view import View

TABLE_ROWS = 3
"""The table's headings and two rows take precedence over everything but the totals."""

_MAX_PLOT = 8
"""Lines of a plot while the table could use more."""

_MAX_LARGE_PLOT = 20
"""Lines of a plot that only takes what the table leaves blank."""

_AROUND_PLOT = 4
"""Lines around a plot: a blank one, its title, its axis, and a blank one."""

_HISTOGRAM = 16
_PLUS = " +"


def audit_lines(view: View, errors: int, plots: AuditPlots, width: int, height: int) -> list[Words]:
    """Build the lines above the table's headings; only the most important if not all fit.

    Args:
        view: The fleet, the instances shown, and the sums over those.
        errors: Number of errors of the instances shown.
        plots: Draws the plots.
        width: Cells.
        height: Lines of the whole panel.
    """
    room = height - TABLE_ROWS
    usage, audit = view.usage, view.audit
    wanted = [
        (0, _totals(usage, errors, width)),
        (4, _fleet(view.state.usage, view.state.errors, width) if view.narrowed else None),
        (2, _rates(audit.rates, width)),
        (1, _latency(audit, usage, width) if usage.requests else None),
        (3, _budget(audit.budget, view.state.at_s, width) if audit.budget else None),
    ]
    lines: list[tuple[int, Words]] = [(rank, line) for rank, line in wanted if line]
    kept = sorted(lines, key=lambda ranked: ranked[0])[: max(1, room)]
    shown = [line for ranked in lines if ranked in kept for line in ranked[1:]]
    plot = _plot_height(height - len(shown), width, len(audit.groups))
    if plot >= 2 and audit.slots and usage.requests:
        shown += [[], *plots.draw(audit, width, plot)]
    if len(shown) < room - 2:
        shown.append([])
    return shown


def _plot_height(height: int, width: int, groups: int) -> int:
    """Return the lines for plots: a third of the height, or more where the table leaves it."""
    table = 1 + max(groups, TABLE_ROWS + 1)
    large = min(_MAX_LARGE_PLOT, width // 8, height - _AROUND_PLOT - table)
    wanted = max(min(_MAX_PLOT, height // 3), large)
    return min(wanted, height - _AROUND_PLOT - TABLE_ROWS + 1)


def _totals(usage: Usage, errors: int, width: int) -> Words:
    pairs = [
        *_money(usage),
        (Word(fmt.count(usage.requests), "strong", "requests"), " req"),
        (Word(fmt.count(errors), "bad" if errors else "strong", "errors"), " err"),
        (Word(fmt.tokens(usage.tokens), "strong", "tokens"), " tok"),
    ]
    return _pairs(pairs, width)


def _money(usage: Usage) -> list[tuple[Word, str]]:
    """Return what `fmt.money` says, as one figure or two."""
    if usage.cost_usd is None:
        return [(Word(fmt.money(usage), "strong", "unpriced" if usage.requests else "cost"), "")]
    known = Word(fmt.dollars(usage.cost_usd), "strong", "cost")
    if not usage.unpriced:
        return [(known, "")]
    return [
        (known, _PLUS),
        (Word(f"{fmt.count(usage.unpriced)} unpriced", "strong", "unpriced"), ""),
    ]


def _fleet(usage: Usage, errors: int, width: int) -> Words:
    sums = (
        fmt.money(usage),
        f"{fmt.count(usage.requests)} req",
        f"{fmt.count(errors)} err",
        f"{fmt.tokens(usage.tokens)} tok",
    )
    said = f"fleet  {sums[0]}"
    for one in sums[1:]:
        if len(said) + 2 + len(one) > width:
            break
        said = f"{said}  {one}"
    return [Word(said, "muted")]


def _rates(rates: Iterable[Rate], width: int) -> Words:
    windows = dict(WINDOWS)
    pairs = []
    for rate in rates:
        opens = rate.window if rate.window in windows else "all"
        said = fmt.rate(rate.usd_per_hour, is_least=rate.unpriced > 0)
        pairs.append((Word(said, "strong", opens), f" {rate.window}"))
    return _pairs(pairs, width)


def _latency(audit: AuditView, usage: Usage, width: int) -> Words:
    latency = (audit.whole or usage).latency
    values = {
        "p50": latency.p50_s,
        "p95": latency.p95_s,
        "p99": latency.p99_s,
        "max": latency.max_s,
    }
    pairs = [
        (Word(fmt.duration(value), "strong", name), f" {name}") for name, value in values.items()
    ]
    window = audit.plotted_window
    shown = [
        _pairs(pairs, width),
        _spread(audit.slots),
        [Word(f"  {window}", "muted")] if window else [],
    ]
    while len(shown) > 1 and sum(len(word.text) for words in shown for word in words) > width:
        del shown[1]
    return [word for words in shown for word in words]


# Cached: several views a second show the same sums, and drawing them takes 3 ms.
@lru_cache(maxsize=2)
def _spread(slots: tuple[Slot, ...]) -> Words:
    """Draw roughly how the response times spread, from the shortest to the longest."""
    classes, low, high = histogram([slot.usage.latency for slot in slots], _HISTOGRAM)
    if high <= low:
        return []
    return [
        Word(f"{ESTIMATED}{fmt.duration(low)} ", "muted"),
        Word(_levels(classes), "accent"),
        Word(f" {fmt.duration(high)}", "muted"),
    ]


def _levels(classes: Sequence[float]) -> str:
    most = max(classes) or 1.0
    return "".join(LEVELS[max(1, round(number / most * 8)) if number else 0] for number in classes)


def _budget(budget: Budget, now_s: float, width: int) -> Words:
    limit = fmt.dollars(budget.limit_usd)
    if budget.spent_usd is None:
        return [Word("budget ", "muted"), Word(f"unpriced of {limit}", "strong")]
    style = "bad" if budget.used >= 1 else "warn" if budget.used >= 0.8 else "good"
    spent = f"{fmt.dollars(budget.spent_usd)} of {limit}"
    if budget.unpriced:
        spent = f"≥ {spent}"
    part = fmt.share(budget.spent_usd, budget.limit_usd)
    words = [Word("budget ", "muted"), Word(spent, "strong"), Word(f"  {part}", style)]
    left = width - sum(len(word.text) for word in words) - 2
    end = next((text for text in _ends(budget, now_s) if len(text) <= left), "")
    words.append(Word(f"  {end}" if end else "", "muted" if budget.reached_s is None else style))
    left -= len(end) + 2
    if left >= 8:
        cells = min(left, 30)
        words[1:1] = [
            Word(bar(min(1.0, budget.used), cells).ljust(cells, "░"), style),
            Word("  ", ""),
        ]
    return words


def _ends(budget: Budget, now_s: float) -> Sequence[str]:
    """Say when the budget will be used up, the longest wording first."""
    if budget.used >= 1:
        since_s = budget.spent_since_s
        since = "" if since_s is None else f" since {fmt.since(since_s, now_s)}"
        return [f"spent{since}", "spent"]
    if budget.window is None:
        return ["no rate yet"]
    of = "" if budget.window == HOUR else f" at the rate of {budget.window}"
    if budget.reached_s is None:
        return [f"not reached{of or ' at this rate'}", "not reached"]
    left = fmt.age(budget.reached_s - now_s)
    at = _when(budget.reached_s, now_s)
    return [f"reached in {left}, {at}{of}", f"{left} left{of}", f"{left} left"]


def _when(time_s: float, now_s: float) -> str:
    return fmt.clock(time_s)[:5] if time_s - now_s < 86400 else fmt.day(time_s)


def _pairs(pairs: Sequence[tuple[Word, str]], width: int) -> Words:
    """Format figures, each with its label, as many as fit whole; always the first."""
    words: list[Word] = []
    left = width
    for figure, label in pairs:
        left -= len(figure.text) + len(label)
        if words and left < 0:
            break
        after = label + (" " if label == _PLUS else "  ")
        left -= len(after) - len(label)
        words += [figure, Word(after, "strong" if label == _PLUS else "muted")]
    return words
