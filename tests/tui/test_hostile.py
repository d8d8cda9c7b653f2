"""Hostile text in every place where a text is shown: the terminal gets nothing of it raw."""

from __future__ import annotations

import json
import re
import select
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from builders import hostile_tree
from logging_core.text import safe_block
from payloads import PAYLOADS
from terminal import Terminal

HARMLESS = dict.fromkeys(PAYLOADS, b"hello")
HOSTILE = {name: payload.data for name, payload in PAYLOADS.items()}

NEXT_MESSAGE = (
    (b"\x1b", "closed"),
    (b"k", "an earlier row"),
    (b"\r", "what it says"),
)

VISITS = (
    *((b"j", "the next one's pane"),) * len(PAYLOADS),
    (b"y", "what was copied"),
    (b"A", "the command that attaches"),
    (b"z", "instances"),
    (b"\x1b[6~", "further down"),
    (b"s", "sorted"),
    (b"t", "as a tree"),
    (b"2", "pane"),
    (b"d", "its changes"),
    (b"[", "an earlier capture"),
    (b"G", "the newest again"),
    (b"3", "timeline"),
    (b"\x1b[5~", "further up"),
    (b"\r", "a message"),
    (b"p", "its other half"),
    (b"b", "its bytes"),
    (b"y", "what was copied"),
    *NEXT_MESSAGE * 6,
    (b"\x1b", "closed"),
    (b"4", "audit"),
    (b"b", "by role"),
    (b"\r", "what stands behind a sum"),
    (b"\x1b", "closed"),
    (b"bbb", "by event"),
    (b"b", "by error"),
    (b"c", "what changed"),
    (b"T9999d", "since when"),
    (b"\r", "everything"),
    (b"\x1b[6~", "further down"),
    (b"\x1b", "closed"),
    (b"~", "log health"),
    (b"\x1b[6~", "further down"),
    (b"\x1b", "closed"),
    (b"?", "help"),
    (b"\x1b", "closed"),
    (b":", "palette"),
    (b"instance", "instances by name"),
    (b"\x1b", "closed"),
    (b"1", "instances"),
    (b"/name:", "filter"),
    *((b"\t", "completed"),) * 5,
    (b"\r", "kept"),
    (b"\x1b", "cleared"),
    (b"/e", "filter"),
    (b"\r", "kept"),
    (b"\x06e", "find"),
    (b"\x1b", "closed"),
    (b"x", "export"),
    (b"\x1b", "closed"),
    (b"@", "an earlier moment"),
    (b"@", "live again"),
    (b"T", "a time to go to"),
    (b"<paste>", "the clipboard"),
    (b"\x1b", "closed"),
    (b":", "palette"),
    (b"<paste>", "the clipboard"),
    (b"\x1b", "closed"),
    (b"/", "filter"),
    (b"<paste>", "the clipboard"),
    (b"\x1b", "closed"),
)
"""What is typed, and what that shows."""


SEQUENCE = re.compile(
    rb"\x1b(?:[\]P_^X][^\x07\x1b]{1,12}|\[[0-?]*[ -/]*[@-~]|[^\[\]P_^X])|\xc2[\x80-\x9f]"
)
"""An escape sequence, or as much of its beginning as tells it from ours."""


def settle(terminals: Sequence[Terminal]) -> None:
    """Read until none of the programs has anything more to say."""
    quiet = 0
    while quiet < 3:
        ready = select.select([terminal.master for terminal in terminals], [], [], 0.05)[0]
        quiet = 0 if ready else quiet + 1
        for terminal in terminals:
            terminal.read()


def pasted(text: bytes) -> bytes:
    """Return what a terminal sends when a text is pasted, minus what a paste cannot contain."""
    inside = text.replace(b"\x1b", "\u202e\x9b".encode()).replace(b"\n", b" ")
    return b"\x1b[200~" + inside + b"\x1b[201~"


def started(root: Path, cwd: Path) -> Terminal:
    argv = [sys.executable, "-m", "madrox_tui", "--poll", str(root)]
    return Terminal(argv, rows=60, columns=160, cwd=cwd)


def tour(clipboards: Mapping[Terminal, bytes]) -> None:
    """Open every view of some programs, all at the same pace, each with a clipboard of its own."""
    terminals = list(clipboards)
    for terminal in terminals:
        terminal.sees("pane ")
    settle(terminals)
    for keys, what in VISITS:
        for terminal, clipboard in clipboards.items():
            terminal.send(pasted(clipboard) if keys == b"<paste>" else keys)
        settle(terminals)
        for terminal in terminals:
            assert terminal.process.poll() is None, f"ended at: {what}"
    for terminal in terminals:
        terminal.send(b"q")
        assert terminal.ends() == 0


def kinds(output: bytes) -> set[bytes]:
    """The kinds of escape sequences: their introducers and finals, without what is in them."""
    found = re.findall(rb"\x1b(?:[\]P_^X][^\x07\x1b]*|\[[0-?]*[ -/]*[@-~]|[^\[\]P_^X])", output)
    return {re.sub(rb"[0-9;:]+", b"", sequence)[:6] for sequence in found}


@pytest.mark.timeout(300)
def test_no_hostile_text_reaches_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every payload in every place: no crash, no raw control, no other kind of escape sequence."""
    roots = [
        hostile_tree(tmp_path / name / "logs", texts).root
        for name, texts in (("harmless", HARMLESS), ("hostile", HOSTILE))
    ]
    clipboard = b"".join(data for data in HOSTILE.values() if len(data) < 100)
    with ExitStack() as stack:
        terminals = []
        for root in roots:  # each has a state of its own, or it begins as another was left
            monkeypatch.setenv("XDG_STATE_HOME", str(root.parent / "state"))
            terminals.append(stack.enter_context(closing(started(root, tmp_path))))
        tour(dict(zip(terminals, (b"hello", clipboard), strict=True)))
        harmless, hostile = (terminal.output for terminal in terminals)
    assert kinds(hostile) <= kinds(harmless)
    sent = {sequence for data in HOSTILE.values() for sequence in SEQUENCE.findall(data)}
    assert len(sent) > 30
    assert [sequence for sequence in sent if sequence in hostile and sequence not in harmless] == []
    text = hostile.decode("utf-8", "replace")
    assert not re.search(
        "[\x80-\x9f\u202a-\u202e\u2066-\u2069\u200b\ufeff\U000e0000-\U000e007f]", text
    )


def test_the_report_is_as_safe(tmp_path: Path) -> None:
    """`--json` of a hostile tree escapes what a terminal obeys, and names are as written."""
    root = hostile_tree(tmp_path / "hostile", HOSTILE).root
    argv = [sys.executable, "-m", "madrox_tui", "--json", str(root)]
    done = subprocess.run(argv, capture_output=True, check=True, cwd=tmp_path)
    report = json.loads(done.stdout)
    assert len(report["instances"]) == len(HOSTILE)
    shown = done.stdout.decode()
    assert not re.search(
        "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", shown
    )
    for instance in report["instances"]:
        path = root / "instances" / instance["instance_id"] / "metadata.json"
        assert instance["instance_name"] == json.loads(path.read_bytes())["instance_name"]
        told = f"{instance['reason']} {instance['last_error']}"
        assert safe_block(told) == told
