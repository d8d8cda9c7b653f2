"""The heap of the C library, which by itself keeps what every thread needed at most."""

from __future__ import annotations

from contextlib import suppress

_M_ARENA_MAX = -8  # of glibc's malloc.h

_ABSENT = ImportError, OSError, AttributeError  # no ctypes, or another library than glibc


def share_heap() -> None:
    """Let all threads that are begun from now on use one heap; see mallopt(3).

    Python's lock lets one thread allocate at a time, so that heaps of their own gain them nothing,
    and what one has freed no other can use. Where the C library is another than glibc, nothing
    happens.
    """
    with suppress(*_ABSENT):
        import ctypes

        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def give_back() -> None:
    """Give the free pages of the heap back to the system, in a millisecond; see malloc_trim(3).

    By itself glibc only gives back those at the heap's end.
    """
    with suppress(*_ABSENT):
        import ctypes

        ctypes.CDLL(None).malloc_trim(0)
