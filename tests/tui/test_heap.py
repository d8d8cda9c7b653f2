"""The heap of the C library."""

from __future__ import annotations

import ctypes
import sys
import threading

import pytest

from madrox_tui.heap import give_back, share_heap


def test_where_there_is_no_such_option_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    """The dashboard runs with any C library, and without `ctypes`."""
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: object())
    share_heap()
    give_back()
    monkeypatch.setitem(sys.modules, "ctypes", None)
    share_heap()
    give_back()


def test_threads_go_on_allocating() -> None:
    """With one heap for all of them, threads get what they ask for."""
    share_heap()
    made: list[int] = []
    threads = [
        threading.Thread(target=lambda: made.append(len(bytearray(1 << 20)))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    give_back()
    assert made == [1 << 20] * 4
