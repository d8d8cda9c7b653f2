"""What a clock on the wall shows twice: the hour that is repeated as clocks are put back.

The tree has local times, so that of a time in that hour nobody can tell which of the two it is.
"""

from __future__ import annotations

import math
from datetime import datetime

_MIN_PUT_BACK_S = 1800.0


def second_reading(time_s: float) -> float:
    """The later moment at which a clock on the wall shows the same; `time_s` if there is none.

    Args:
        time_s: Seconds since the epoch, as for the others.
    """
    again_s = datetime.fromtimestamp(time_s).replace(fold=1).timestamp()
    return max(time_s, again_s)


def latest_reading(time_s: float, now_s: float) -> float:
    """The latest moment up to `now_s` at which a clock on the wall shows the same as at `time_s`.

    An hour later while clocks are put back, as what is looked at now is more likely to be new than
    old; else `time_s` itself.
    """
    if now_s - time_s < _MIN_PUT_BACK_S:
        return time_s
    again_s = second_reading(time_s)
    return again_s if again_s <= now_s else time_s


def same_reading_until_s(time_s: float, now_s: float) -> float:
    """Up to which moment `latest_reading` is the same as now; infinity if it is for good."""
    again_s = second_reading(time_s)
    return math.nextafter(again_s, -math.inf) if again_s > max(time_s, now_s) else math.inf
