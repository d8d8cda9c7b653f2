"""What a cold sum of many audit events costs: `madrox-top --json`, beside bare decoders.

    python tests/bench/bench_summary.py [EVENTS]

And what a summary costs that is sent to another machine, and merged there with others; and what the
dashboard takes on such a tree.

Processor time of whole processes or of loops over the same bytes, best of `ROUNDS`: a month of
100 instances, of each a spawn and an end, everything else exchanges.
"""

from __future__ import annotations

import importlib.util
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import orjson

sys.path.insert(0, str(Path(__file__).parents[1]))

from logging_core import FleetSummary, summarize
from logging_core.analyse.fleet import FleetModel
from logging_core.read.reader import TreeReader
from running import Dashboard

ROUNDS = 2
INSTANCES = 100
MACHINES = 4
CHUNK = 256 << 10
START = datetime(2026, 10, 25)


class Details(msgspec.Struct, frozen=True, gc=False):
    """What sums are made of."""

    message_id: str | None = None
    tokens: int | None = None
    cost: float | None = None
    response_time_seconds: float | None = None


class Exchange(msgspec.Struct, frozen=True, gc=False):
    """What a bare decoder makes of a line."""

    timestamp: str = ""
    instance_id: str | None = None
    details: Details = Details()


def write_tree(root: Path, events: int) -> None:
    """A month of audit files."""
    source = random.Random(1)
    (root / "audit").mkdir(parents=True)
    (root / "instances").mkdir()
    day, lines = "", list[bytes]()
    for number in range(events):
        at = START + timedelta(days=30 * number / events)
        if at.strftime("%Y%m%d") != day:
            write_day(root, day, lines)
            day, lines = at.strftime("%Y%m%d"), []
        lines.append(line(source, number, events, at))
    write_day(root, day, lines)


def write_day(root: Path, day: str, lines: list[bytes]) -> None:
    """One audit file."""
    if lines:
        (root / "audit" / f"audit_{day}.jsonl").write_bytes(b"".join(lines))


def line(source: random.Random, number: int, events: int, at: datetime) -> bytes:
    """One event."""
    instance_id = f"agent-{source.randrange(INSTANCES):03}"
    event_type = "message_exchange"
    details: dict[str, object] = {
        "message_id": f"{source.getrandbits(128):032x}",
        "message_length": source.randrange(2_000),
        "response_length": source.randrange(4_000),
        "tokens": source.randrange(5_000),
        "cost": round(source.random() * 0.05, 6),
        "response_time_seconds": round(source.lognormvariate(1, 1), 3),
    }
    if number < INSTANCES or number >= events - INSTANCES:
        instance_id = f"agent-{number % INSTANCES:03}"
        event_type = "instance_spawn" if number < INSTANCES else "instance_terminate"
        details = {"instance_name": instance_id, "role": "general", "instance_type": "claude"}
    record = {
        "timestamp": at.isoformat(timespec="microseconds"),
        "level": "INFO",
        "event": event_type,
        "logger": "orchestrator.audit",
        "event_type": event_type,
        "instance_id": instance_id,
        "details": details,
    }
    return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)


def chunks(root: Path) -> Iterator[bytes]:
    """All bytes, in whole lines."""
    for path in sorted((root / "audit").iterdir()):
        with path.open("rb") as file:
            rest = b""
            while data := file.read(CHUNK):
                data = rest + data
                end = data.rfind(b"\n") + 1
                yield data[:end]
                rest = data[end:]


def bare_msgspec(root: Path) -> None:
    """Typed decoding of what sums are made of, and nothing else."""
    decoder = msgspec.json.Decoder(Exchange)
    for chunk in chunks(root):
        decoder.decode_lines(chunk)


def bare_orjson(root: Path) -> None:
    """Every line to a dict."""
    for chunk in chunks(root):
        for data in chunk.splitlines():
            orjson.loads(data)


def fold(root: Path, *, blocks: bool, by_time: bool) -> None:
    """Reading the tree into a fleet model."""
    reader, model = TreeReader(root, blocks=blocks), FleetModel(by_time=by_time)
    batch = reader.poll()
    model.apply(batch)
    while not batch.caught_up:
        batch = reader.poll(turns=0)
        model.apply(batch)
    model.state(time.time())


def report(root: Path, *, cold: bool) -> float:
    """The whole program, without or with what an earlier run kept; the seconds that it took."""
    cache = root.parent / "cache"
    if cold:
        shutil.rmtree(cache, ignore_errors=True)
    top = [sys.executable, "-m", "madrox_tui", "--json", str(root)]
    env = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    start = time.perf_counter()
    subprocess.run(top, check=True, stdout=subprocess.DEVNULL, env=env)
    return time.perf_counter() - start


def merged(root: Path) -> None:
    """What it costs to send a summary, and to ask some machines with as much in each."""
    summary = summarize(root, "host")
    start_s = time.process_time()
    data = summary.to_bytes()
    written_s = time.process_time()
    FleetSummary.from_bytes(data)
    read_s = time.process_time()
    machines = [summarize(root, f"host-{number}") for number in range(MACHINES)]
    fleet = FleetSummary().merge(*machines)
    first_s = fleet.first_exchange_s() or 0.0
    asked_s = time.process_time()
    fleet.groups("role")
    grouped_s = time.process_time()
    fleet.series(from_s=first_s + 29 * 86_400, to_s=first_s + 30 * 86_400)
    plotted_s = time.process_time()
    print(
        f"summary: {len(data) / 1e6:.0f} MB, written in {written_s - start_s:.2f} s, read in "
        f"{read_s - written_s:.2f} s; of {MACHINES} machines by role {grouped_s - asked_s:.3f} s, "
        f"a day by the minute {plotted_s - grouped_s:.2f} s"
    )


def shown(root: Path) -> None:
    """The dashboard on such a tree, at its first start and at its second."""
    os.environ |= {f"XDG_{name}_HOME": str(root.parent / name) for name in ("CACHE", "STATE")}
    for start in ("first", "second"):
        dashboard = Dashboard(root, root.parent)
        try:
            dashboard.shows("live", timeout_s=600)
            dashboard.settle()
            resident, most = dashboard.memory_mib()
            print(
                f"dashboard, {start} start: {dashboard.cpu_s():.1f} s CPU until all is read, "
                f"{resident:.0f} MiB, at most {most:.0f}"
            )
        finally:
            dashboard.stop()


def duckdb(root: Path) -> None:
    """The same sums by an analytical database that is told the types, but counts repeated ids."""
    query = (
        "import sys, duckdb; duckdb.sql('select instance_id, count(*), sum(details.tokens), "
        "sum(details.cost), quantile_cont(details.response_time_seconds, [0.5, 0.95, 0.99]) "
        """from read_json(?, format="newline_delimited", columns={instance_id: "VARCHAR", """
        """details: "STRUCT(tokens BIGINT, cost DOUBLE, response_time_seconds DOUBLE)"}) """
        "group by 1', params=[sys.argv[1]]).fetchall()"
    )
    subprocess.run([sys.executable, "-c", query, f"{root}/audit/*.jsonl"], check=True)


def cpu_s(work: Callable[[], object]) -> float:
    """Processor time of this process and of its children."""
    best = float("inf")
    for _ in range(ROUNDS):
        before = used_s()
        work()
        best = min(best, used_s() - before)
    return best


def used_s() -> float:
    """Processor time so far."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def main() -> None:
    """Measure and print."""
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory) / "logs"
        write_tree(root, events)
        size = sum(path.stat().st_size for path in (root / "audit").iterdir())
        print(f"{events:,} events, {size / 1e6:.0f} MB, {os.cpu_count()} cores")
        bare_s = cpu_s(lambda: bare_msgspec(root))
        rivals: dict[str, Callable[[], object]] = {
            "msgspec typed decode, 256 KiB chunks": lambda: bare_msgspec(root),
            "orjson, line by line": lambda: bare_orjson(root),
            "fleet model, in blocks": lambda: fold(root, blocks=True, by_time=False),
            "fleet model, in blocks, by time": lambda: fold(root, blocks=True, by_time=True),
            "fleet model, line by line": lambda: fold(root, blocks=False, by_time=False),
            "madrox-top --json, cold": lambda: report(root, cold=True),
            "madrox-top --json, warm": lambda: report(root, cold=False),
        }
        if importlib.util.find_spec("duckdb") is not None:
            rivals["DuckDB, sums by instance"] = lambda: duckdb(root)
        for name, work in rivals.items():
            taken_s = cpu_s(work)
            print(f"{name:40} {taken_s:6.2f} s CPU   {taken_s / bare_s:5.1f} x bare decode")
        warm_s = statistics.median(report(root, cold=False) for _ in range(5))
        print(f"madrox-top --json, warm: {warm_s:.2f} s in all")
        merged(root)
        shown(root)


if __name__ == "__main__":
    main()
