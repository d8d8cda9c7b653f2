"""The README keeps what it promises."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from madrox_tui.bindings import key_groups
from madrox_tui.config import Settings, describe_settings
from madrox_tui.help.legend import legend
from madrox_tui.key_names import key_names, meaning

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_the_python_examples_run(tmp_path: Path) -> None:
    """Every Python example runs as it stands, in order, and prints what it says it prints."""
    outputs = []
    for number, code in enumerate(blocks("python")):
        script = tmp_path / f"example_{number}.py"
        script.write_text(code)
        done = subprocess.run(
            [sys.executable, "-W", "error", script.name],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        outputs.append(done.stdout)
    wrote, handled, queried, followed, looked_back, summed = outputs
    assert wrote == handled == ""
    assert "What is 2+2?" in queried
    assert "0.0123 USD" in queried
    assert "abc123 data-processor" in queried
    assert followed.splitlines() == [
        "abc123 outbound What is 2+2?",
        "def456 outbound Review the last commit",
        "def456 inbound Two remarks …",
    ]
    assert "def456 terminated terminated (force=False)" in looked_back
    assert looked_back.endswith("What is 2+2?\n\n4\n\n3 messages\n")
    assert summed.startswith("qa 1 0.0123 0\ngeneral 0 None 0\n")
    assert summed.count(" 0.0123\n") == 1
    assert summed.count(" None\n") == 12


def test_the_two_commands_are_single_lines() -> None:
    """One line runs the demo, one runs the tests; each makes its own environment first."""
    lines = [line for block in blocks("bash") for line in block.splitlines()]
    first, second = (
        line
        for line in lines
        if line.startswith("python3 -m venv .venv && ") and " -e " not in line
    )
    assert first.endswith("madrox-top --demo")
    assert '".[dev]"' in second
    assert second.endswith("pytest -n auto")


def between(name: str) -> str:
    """The table between two comments that name it."""
    begin, end = README.index(f"<!-- {name}"), README.index(f"<!-- /{name} -->")
    return README[begin:end].split("-->\n", 1)[1].strip()


def test_the_keys_are_those_of_the_bindings() -> None:
    """The table of keys is made from the bindings; the failure shows what to paste."""
    lines = ["| key | where | what it does |", "|---|---|---|"]
    for title, bindings in key_groups():
        for binding in bindings:
            keys = " ".join(f"`{key}`" for key in key_names(binding).split())
            lines.append(f"| {keys} | {title} | {meaning(binding)} |")
    assert between("keys") == "\n".join(lines)


def test_the_signs_are_those_that_are_drawn() -> None:
    """The table of signs is made from the legend; the failure shows what to paste."""
    rows = (f"| `{sign.text}` | {sign.meaning} |" for sign in legend(Settings().stuck_after_s))
    assert between("signs") == "\n".join(["| sign | what it means |", "|---|---|", *rows])


def test_the_settings_are_those_that_there_are() -> None:
    """The table of settings is made from their fields; the failure shows what to paste."""
    lines = ["| setting | what it is | default |", "|---|---|---|"]
    for name, (description, line) in describe_settings().items():
        default = "–" if line.startswith("#") or not line else f"`{line.partition(' = ')[2]}`"
        lines.append(f"| `{name if line else f'[{name}]'}` | {description} | {default} |")
    assert between("settings") == "\n".join(lines)


def test_the_screenshots_exist() -> None:
    """Every picture that the README shows is in the repository."""
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert pictures
    for picture in pictures:
        assert (ROOT / picture).read_text().startswith("<svg")
