"""What looking for secrets costs: `python tests/bench/bench_redact.py`.

CPU time, least of several rounds; the peer is `json.dumps` of the same text, which every logger
that writes JSON pays for.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from logging_core.write.redact import Redactor

sys.path.insert(0, str(Path(__file__).parents[1]))

from tokens import ADVERSARIAL, NEAR_MISSES, repeated

MEGABYTE = 1 << 20
ROUNDS = 5


def cpu_s(call: Callable[[], object]) -> float:
    spent = []
    for _ in range(ROUNDS):
        start_s = time.process_time()
        call()
        spent.append(time.process_time() - start_s)
    return min(spent)


def main() -> None:
    redactor = Redactor()
    texts = {"prose and code": repeated("\n".join(NEAR_MISSES), MEGABYTE)}
    texts |= {name: repeated(unit, MEGABYTE) for name, unit in ADVERSARIAL.items()}
    taken = {name: cpu_s(partial(redactor.redact, text)) for name, text in texts.items()}
    peer_s = cpu_s(lambda: json.dumps(texts["prose and code"]))
    print(f"1 MiB of …  (json.dumps of prose and code: {peer_s * 1e3:.1f} ms)")
    for name, spent_s in sorted(taken.items(), key=lambda item: -item[1])[:12]:
        print(f"  {name:28} {spent_s * 1e3:6.1f} ms")
    print(f"  prose and code               {taken['prose and code'] * 1e3:6.1f} ms")
    line = "Sending message: run the tests of src/module_7.py and report what fails" * 4
    calls = 100_000
    short_s = cpu_s(lambda: [redactor.redact(line) for _ in range(calls)]) / calls
    print(f"a line of {len(line)} characters without a secret: {short_s * 1e6:.2f} µs")


if __name__ == "__main__":
    main()
