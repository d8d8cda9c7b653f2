"""Secrets never reach the files that people share: through every door, by default or on request."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from logging_core import LoggingManager
from tokens import IN_PLACE, TOKENS
from written import Clock, audit, life, orchestrator, said

SECRETS = {
    **{name: token for name, (_, token) in TOKENS.items()},
    **{name: kept.before + kept.secret + kept.after for name, kept in IN_PLACE.items()},
}
BARE = {
    **{name: token for name, (_, token) in TOKENS.items()},
    **{name: kept.secret for name, kept in IN_PLACE.items()},
}
TOKEN = TOKENS["github personal"][1]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., LoggingManager]]:
    made: list[LoggingManager] = []

    def make(**options: Any) -> LoggingManager:
        made.append(LoggingManager(tmp_path / "logs", clock=Clock(), **options))
        return made[-1]

    yield make
    for manager in made:
        manager.close()


def say_everywhere(manager: LoggingManager, text: str) -> None:
    """Through every door: methods, loggers, arguments, extras, exceptions, nested details."""
    manager.get_instance_logger("b", text, role=text)
    log = manager.get_instance_logger("a")
    log.info("says %s", text)
    log.info("hello", extra={"event_type": "message_sent", "message_id": "m", "content": text})
    manager.orchestrator_logger.info(text, extra={"note": [text]})
    logging.getLogger("orchestrator.child").warning("child: %s", text)
    logging.getLogger(f"orchestrator.child {text}").warning("named")
    try:
        int(text)
    except ValueError:
        manager.orchestrator_logger.exception("failed")
        log.exception("failed")
    for _ in range(2):  # the second time takes the quick way
        manager.log_audit_event("x", "a", {"plain": text})
        manager.log_audit_event("x", "a", {"deep": {"er": [text]}})
        manager.log_audit_event("x", "a", {}, note=text)
        manager.log_audit_event(text, "a")
        manager.log_audit_event("x", "a", {text: 2})
        manager.log_audit_event("x", "a", {"usage": [{text: {text: 2}}]})
    manager.audit_logger.info(text, extra={"event_type": "y", "details": {"text": text}})
    manager.log_communication("a", "outbound", "note", text)
    manager.log_tmux_output("a", text)


def written(root: Path, *left_out: str) -> str:
    paths = [path for path in root.rglob("*") if path.is_file() and path.name not in left_out]
    return "\n".join(path.read_bytes().decode() for path in paths)


@pytest.mark.parametrize("name", SECRETS)
def test_no_secret_reaches_the_shared_logs(make: Callable[..., LoggingManager], name: str) -> None:
    """Messages, arguments, extras, tracebacks and nested details are written without secrets."""
    manager = make()
    say_everywhere(manager, SECRETS[name])
    text = written(manager.log_dir, "communication.jsonl", "tmux_output.log")
    lines = [line for line in BARE[name].splitlines() if len(line) > 5]
    assert not any(line in text for line in lines)
    assert text.count("[redacted:") >= 14


def test_messages_and_captures_are_whole_unless_asked(make: Callable[..., LoggingManager]) -> None:
    """Messages and captures are kept in full; two options redact them, too."""
    manager = make()
    say_everywhere(manager, TOKEN)
    assert [line["content"] for line in said(manager, "a")] == [TOKEN, TOKEN]
    assert TOKEN in (manager.instances_dir / "a/tmux_output.log").read_text()
    careful = make(redact_messages=True, redact_captures=True)
    say_everywhere(careful, TOKEN + "!")
    assert [line["content"] for line in said(careful, "a")[2:]] == ["[redacted:github]!"] * 2
    assert "[redacted:github]!" in (careful.instances_dir / "a/tmux_output.log").read_text()


def test_redaction_can_be_turned_off(make: Callable[..., LoggingManager]) -> None:
    """With `redact=False` everything is written as it was logged."""
    manager = make(redact=False)
    manager.orchestrator_logger.info(TOKEN)
    manager.log_audit_event("x", "a", {"key": TOKEN})
    manager.get_instance_logger("a").info(TOKEN)
    assert orchestrator(manager)[-1]["message"] == TOKEN
    assert audit(manager)[-1]["details"] == {"key": TOKEN}
    assert TOKEN in life(manager, "a")


def test_own_patterns_count_everywhere(make: Callable[..., LoggingManager]) -> None:
    """A user's regex is a secret like ours; one that is no regex is refused at the start."""
    manager = make(redact_patterns=[r"ACME-\d+"])
    for _ in range(2):
        manager.log_audit_event("x", "a", {"key": "ACME-7"})
    assert {line["details"]["key"] for line in audit(manager)} == {"[redacted:custom]"}
    with pytest.raises(ValueError, match="redaction pattern"):
        make(redact_patterns=["("])


def test_the_console_is_redacted_like_the_log(
    make: Callable[..., LoggingManager], capsys: pytest.CaptureFixture[str]
) -> None:
    """What is shown on stderr holds no secret either."""
    make(console=True).orchestrator_logger.error(TOKEN)
    assert TOKEN not in (shown := capsys.readouterr().err)
    assert "[redacted:github]" in shown


def test_a_secret_in_what_is_cut_stays_out(make: Callable[..., LoggingManager]) -> None:
    """Secrets go before a giant message is cut, so that no half of one is left at the edge."""
    manager = make(max_record_bytes=4096)
    for lead in range(3700, 3900, 4):
        manager.orchestrator_logger.info("%s", "x" * lead + " " + TOKEN + "y" * 9000)
    assert "ghp_" not in written(manager.log_dir)
