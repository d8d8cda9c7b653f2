"""Which errors are of one kind: those that say the same but for ids and numbers."""

from __future__ import annotations

import re

from logging_core.text import shortened

MAX_CHARS = 160
"""So long is what a kind is called at most."""

_LOOKED_AT = 1_000  # characters of a line, which may be a megabyte

_VARIES = re.compile(
    r"""
    (?<![a-z0-9]) (?:
        [0-9a-f]{8} (?:-[0-9a-f]{4}){3} -[0-9a-f]{12}        # a UUID
      | 0x[0-9a-f]+
      | (?=[a-f]*[0-9]) (?=[0-9]*[a-f]) [0-9a-f]{6,}         # another id, or a hash
    ) (?![a-z0-9])
    | (?<=[a-z][-_/#]) [0-9]+ (?![a-z0-9])                   # worker-12
    | [0-9]+ (?:[.:,][0-9]+)+                                # a time, a measure, an address
    | [0-9]{4,}
    """,
    re.IGNORECASE | re.VERBOSE,
)


def error_kind(text: str) -> str:
    """Return what an error says in its first line, with `#` for what differs each time.

    That is ids, addresses, times and measures, and numbers of four digits or more; what is shorter
    is mostly a code (`exit code 137`, `HTTP 429`) and stays. What is too long ends in `…`.
    """
    line = text.strip().partition("\n")[0][:_LOOKED_AT]
    return shortened(_VARIES.sub("#", line), MAX_CHARS)
