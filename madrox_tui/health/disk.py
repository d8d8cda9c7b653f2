"""The part of the log health report on the disk: what grows, and what takes how much."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec
from rich.cells import cell_len

from logging_core.read.disk import DiskUse, growth
from logging_core.text import safe_line
from madrox_tui import format as fmt
from madrox_tui.columns import Line, fit
from madrox_tui.health.parts import counted, heading, remark
from madrox_tui.plot import bar

_MAX_FILES = 10
_MAX_INSTANCES = 20
_BAR = 12
_MAX_BAR_WIDTH = 32
_PER_MINUTE = "/min"
_MAX_NAME_WIDTH = 24


class DiskSource(Protocol):
    """Measures the tree's disk use without blocking the screen."""

    async def disk(self) -> DiskUse:
        """Measure what the tree takes now."""
        ...


class DiskLooks(msgspec.Struct, frozen=True, eq=False):
    """The tree's disk use at the first and the latest measurement; `None` before the first."""

    first: DiskUse | None = None
    last: DiskUse | None = None

    def then(self, use: DiskUse) -> DiskLooks:
        """Return a copy with one more measurement."""
        return DiskLooks(self.first or use, use)


def growing_files(disk: DiskLooks, names: Mapping[str, str], width: int) -> list[Line]:
    """List the files that grow fastest; `names` are those of instances, by id."""
    before, after = disk.first, disk.last
    section: list[Line] = [heading("Fastest growing files", "bytes per minute")]
    if before is None or after is None or after.at_s <= before.at_s:
        return [*section, remark("measuring")]
    grown = growth(before, after)
    if not grown:
        return [*section, remark(f"none grew in {fmt.age(after.at_s - before.at_s)}")]
    most = grown[0].bytes_per_minute
    rows = [(_short(one.path, names), one.bytes_per_minute) for one in grown[:_MAX_FILES]]
    return section + [_measured(path, value, most, width, _PER_MINUTE) for path, value in rows]


def _short(path: str, names: Mapping[str, str]) -> str:
    """Replace an instance's directory in a path by the instance's name: `atlas: …`."""
    top, _, rest = path.partition("/")
    instance_id, _, file = rest.partition("/")
    named = top == "instances" and file and instance_id in names
    return f"{names[instance_id]}: {file}" if named else path


def disk_use(use: DiskUse | None, names: Mapping[str, str], width: int) -> list[Line]:
    """Show what the tree takes, by kind of file and by instance; `None` is not measured yet."""
    if use is None:
        return [heading("Disk"), remark("measuring")]
    files = f"{fmt.size(use.size)} in {counted(len(use.files), 'file')}"
    files += f", {fmt.size(use.allocated)} allocated"
    if not use.complete:
        files += "; incomplete: not everything could be measured"
    section: list[Line] = [heading("Disk", files)]
    section += [_measured(kind, size, use.size, width) for kind, size in use.by_kind.items()]
    ranked = list(use.by_instance.items())
    if ranked:
        section += [[], heading("Disk by instance")]
    shown = ranked[:_MAX_INSTANCES]
    widest = max((cell_len(names.get(one, "")) for one, _ in shown), default=0)
    for instance_id, size in shown:
        name = fit(names.get(instance_id, ""), min(widest, _MAX_NAME_WIDTH))
        section.append(_measured(f"{name}  {instance_id}", size, shown[0][1], width))
    left = ranked[_MAX_INSTANCES:]
    if left:
        rest = fmt.size(sum(size for _, size in left))
        section.append(remark(f"{len(left):,} more, {rest} together"))
    return section


def _measured(name: str, size: float, most: float, width: int, per: str = "") -> Line:
    """Format a name, its size, and the size as a bar."""
    room = max(8, min(_MAX_NAME_WIDTH + 40, width - _BAR - 20))
    shown = fit(safe_line(name.encode("utf-8", "replace").decode()), room)
    amount = f"{fmt.size(size):>7}{per:<{len(_PER_MINUTE)}}  "
    cells = max(_BAR, min(_MAX_BAR_WIDTH, width - room - len(amount) - 3))
    return [("  ", ""), (shown, ""), (amount, "strong"), (bar(size / (most or 1), cells), "accent")]
