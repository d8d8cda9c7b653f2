"""Programs that run in a terminal for a while, and what they take."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from terminal import Terminal


class Running:
    """A program in its terminal, which is read all the time."""

    def __init__(
        self, argv: Sequence[str], cwd: Path, *, columns: int = 160, rows: int = 48
    ) -> None:
        self._terminal = Terminal(argv, rows=rows, columns=columns, cwd=cwd)
        self._lock = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while not self._ended:
            data = b""
            try:
                data = os.read(self._terminal.master, 1 << 16)
            except OSError:
                return
            with self._lock:
                self._terminal.output = (self._terminal.output + data)[-(1 << 20) :]
                self._lock.notify_all()

    def press(self, keys: bytes) -> None:
        """Type, as if nothing had been shown before."""
        with self._lock:
            self._terminal.output = b""
        self._terminal.send(keys)

    def shows(self, text: str, timeout_s: float = 60) -> None:
        """Wait until a text has been written since the last key."""
        with self._lock:
            found = self._lock.wait_for(
                lambda: text.encode() in self._terminal.output, timeout=timeout_s
            )
        assert found, f"never came: {text!r}"

    def has_shown(self, text: str) -> bool:
        """Whether a text has been written since the last key."""
        with self._lock:
            return text.encode() in self._terminal.output

    def cpu_s(self) -> float:
        """Processor time so far, with that of other processes of it that have ended."""
        fields = Path(f"/proc/{self._terminal.process.pid}/stat").read_text().rpartition(")")[2]
        return sum(map(int, fields.split()[11:15])) / os.sysconf("SC_CLK_TCK")

    def memory_mib(self) -> tuple[float, float]:
        """Now, and at most so far."""
        status = Path(f"/proc/{self._terminal.process.pid}/status").read_text()
        sizes = dict(line.split(":", 1) for line in status.splitlines())
        return int(sizes["VmRSS"].split()[0]) / 1024, int(sizes["VmHWM"].split()[0]) / 1024

    def forget_peak(self) -> None:
        """Count what `memory_mib` says was at most from now on."""
        Path(f"/proc/{self._terminal.process.pid}/clear_refs").write_text("5")

    def settle(self) -> None:
        """Wait until it has read what there is: two seconds in which it does next to nothing."""
        children = ["pgrep", "--parent", str(self._terminal.process.pid)]
        while True:
            before = self.cpu_s()
            time.sleep(2)
            is_alone = subprocess.run(children, stdout=subprocess.DEVNULL, check=False).returncode
            if self.cpu_s() - before < 0.2 and is_alone:
                return

    def stop(self) -> None:
        """End it."""
        self._ended = True
        self._terminal.close()


class Dashboard(Running):
    """The dashboard of a tree."""

    def __init__(self, root: Path, cwd: Path, *, columns: int = 160, rows: int = 48) -> None:
        argv = [sys.executable, "-m", "madrox_tui", str(root)]
        super().__init__(argv, cwd, columns=columns, rows=rows)
