"""The documentation holds: its use cases and its recipes for the command line work.

See `documented` for where it is from, and for what it is run on.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from documented import (
    COSTS,
    EVENTS,
    GET_AUDIT_LOGS,
    GET_INSTANCE_LOGS,
    IDS,
    LIST_LOGGED_INSTANCES,
    STUCK_PANE,
    TIMES,
    Fleet,
    a_day,
)


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with a_day(tmp_path) as made:
        yield made


# --- Use cases -------------------------------------------------------------------------


STUCK = """
# Get raw tmux output to see what's displayed
logs = await manager.get_instance_logs(
    instance_id="stuck-instance",
    log_type="tmux_output",
    tail=50
)

# Check last few lines for error states, prompts, etc.
for line in logs:
    print(line)
"""


def test_use_case_1_debugging_a_stuck_instance(
    fleet: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    """The end of the captures shows what the pane showed last."""
    fleet.run(STUCK)
    assert capsys.readouterr().out.rstrip("\n").endswith(f"\n{STUCK_PANE}")


COST = """
# Query all message exchanges
audit = await manager.get_audit_logs(
    since="2025-10-01T00:00:00",
    limit=10000
)

# Calculate total cost
total_cost = sum(
    entry["details"]["cost"]
    for entry in audit
    if entry["event_type"] == "message_exchange"
)

print(f"Total cost last 3 days: ${total_cost:.4f}")
"""


def test_use_case_2_cost_analysis(fleet: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    """The costs of all exchanges add up to what they were; so do the totals of the ends."""
    names = fleet.run(COST)
    assert names["total_cost"] == pytest.approx(sum(COSTS))
    assert capsys.readouterr().out == "Total cost last 3 days: $0.2790\n"
    totals = [e["details"].get("total_cost") or 0 for e in fleet.audit()]
    assert sum(totals) == pytest.approx(sum(COSTS))


PERFORMANCE = """
# Analyze response times
audit = await manager.get_audit_logs(limit=1000)

response_times = [
    entry["details"]["response_time_seconds"]
    for entry in audit
    if entry["event_type"] == "message_exchange"
]

avg_response = sum(response_times) / len(response_times)
print(f"Average response time: {avg_response:.2f}s")
"""


def test_use_case_3_performance_metrics(fleet: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    """The response times are those that the clock measured."""
    names = fleet.run(PERFORMANCE)
    assert sorted(names["response_times"]) == pytest.approx(sorted(TIMES))
    assert names["avg_response"] == pytest.approx(sum(TIMES) / len(TIMES))
    assert capsys.readouterr().out == "Average response time: 1.70s\n"


COMPLIANCE = """
# Get complete activity for specific instance
instance_id = "production-instance-001"

# Lifecycle
lifecycle_logs = await manager.get_instance_logs(
    instance_id=instance_id,
    log_type="instance",
    tail=0  # all logs
)

# Communication history
comm_logs = await manager.get_instance_logs(
    instance_id=instance_id,
    log_type="communication",
    tail=0
)

# Generate audit report
# - When spawned
# - What messages sent/received
# - When terminated
# - Total resource usage
"""


def test_use_case_4_compliance_audit(fleet: Fleet) -> None:
    """Both logs together tell when it began and ended, all that was said, and what it took."""
    names = fleet.run(COMPLIANCE)
    lifecycle = [line.split(" - ", 2) for line in names["lifecycle_logs"]]
    day = fleet.ours("2025-10-03")
    spawned, *_, ended = [entry for entry in lifecycle if entry[2].startswith("Instance ")]
    assert spawned[::2] == [
        f"{day} 12:32:00",
        "Instance created with role: backend_developer, type: claude",
    ]
    assert ended[::2] == [f"{day} 12:32:07", "Instance terminated (force=False)"]
    messages = [json.loads(line) for line in names["comm_logs"]]
    said = ["deploy\nplease", "deployed\nand tested"] * 2
    assert [message["content"] for message in messages] == said
    assert sum(message.get("tokens", 0) for message in messages) == 2000
    assert sum(message.get("cost", 0) for message in messages) == pytest.approx(0.27)


ERRORS = """
# Find errors in orchestrator logs
# (manually search orchestrator.log for level="ERROR")

# Or query audit trail for failed operations
audit = await manager.get_audit_logs(limit=1000)

errors = [
    entry for entry in audit
    if "error" in entry.get("details", {})
]

for error in errors:
    print(f"Error in {error['instance_id']}: {error['details']['error']}")
"""


def test_use_case_5_error_investigation(fleet: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    """The one failure is found in the trail, and in `orchestrator.log` with its traceback."""
    assert len(fleet.run(ERRORS)["errors"]) == 1
    told = capsys.readouterr().out
    assert told == "Error in broken-instance: RuntimeError: tmux session vanished\n"
    search = """jq -c 'select(.level=="ERROR")' /tmp/madrox_logs/orchestrator.log"""
    found = json.loads(fleet.shell(search, fleet.root))
    assert found["message"] == "Instance broken-instance failed"
    assert found["exception"].endswith("RuntimeError: tmux session vanished")
    log = (fleet.instance("broken-instance") / "instance.log").read_text()
    assert " - ERROR - Instance failed: RuntimeError: tmux session vanished\n" in log


# --- Structured log parsing --------------------------------------------------------------


COUNT_PER_INSTANCE = r"""
cat audit_20251003.jsonl | \
  jq -s 'group_by(.instance_id) | map({instance: .[0].instance_id, count: length})'
"""


ALL_COSTS = r"""
cat audit_20251003.jsonl | \
  jq -s 'map(select(.event_type == "message_exchange") | .details.cost) | add'
"""


SLOW = r"""
cat audit_20251003.jsonl | \
  jq 'select(.event_type == "message_exchange" and .details.response_time_seconds > 5)'
"""


def test_jq_counts_messages_per_instance(fleet: Fleet) -> None:
    """The first recipe groups the whole trail by instance."""
    expected = [{"instance": name, "count": number} for name, number in sorted(EVENTS.items())]
    assert fleet.jq(COUNT_PER_INSTANCE) == [expected]


def test_jq_adds_all_costs(fleet: Fleet) -> None:
    """The second recipe adds up the costs; an exchange without one does not spoil the sum."""
    assert fleet.jq(ALL_COSTS) == [pytest.approx(sum(COSTS))]
    with fleet.writer.instance("local-model") as agent:
        agent.received(agent.sent("x"), "y")
    assert fleet.jq(ALL_COSTS) == [pytest.approx(sum(COSTS))]


def test_the_samples_can_tell_unknown_from_nothing(
    fleet: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is unknown is there as `null`: the samples run that pass over it."""
    with fleet.writer.instance("abc123") as agent:
        agent.received(agent.sent("x"), "y")
        agent.received("of-another", "z")
    cost = COST.replace('["cost"]\n', '["cost"] or 0\n')
    assert fleet.run(cost)["total_cost"] == pytest.approx(sum(COSTS))
    known = 'and entry["details"]["response_time_seconds"] is not None'
    times = PERFORMANCE.replace('"message_exchange"\n', f'"message_exchange" {known}\n')
    assert len(fleet.run(times)["response_times"]) == len(TIMES) + 1
    fleet.run(PYTHON)
    assert "Cost: $None" in capsys.readouterr().out


def test_jq_finds_slow_responses(fleet: Fleet) -> None:
    """The third recipe finds the one that was slow; one of unknown length is not."""
    fleet.writer.instance("foreign").received("of-another", "y")
    (slow,) = fleet.jq(SLOW)
    assert slow["instance_id"] == "production-instance-001"
    assert slow["details"]["response_time_seconds"] == 7.25


PYTHON = """
import json

# Load and analyze communication log
with open("/tmp/madrox_logs/instances/abc123/communication.jsonl") as f:
    messages = [json.loads(line) for line in f]

# Group by message_id to correlate requests/responses
exchanges = {}
for msg in messages:
    mid = msg["message_id"]
    if mid not in exchanges:
        exchanges[mid] = {}
    exchanges[mid][msg["direction"]] = msg

# Calculate stats
for mid, exchange in exchanges.items():
    if "inbound" in exchange and "outbound" in exchange:
        print(f"Request: {exchange['outbound']['content'][:50]}")
        print(f"Response time: {exchange['inbound']['response_time']}s")
        print(f"Cost: ${exchange['inbound']['cost']}")
        print()
"""


def test_python_correlates_requests_and_responses(
    fleet: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every reply is found by its request's id, with its time and cost."""
    fleet.run(PYTHON)
    first, *others = capsys.readouterr().out.removesuffix("\n\n").split("\n\n")
    assert first == "Request: What is 2+2?\nResponse time: 2.333s\nCost: $8e-05"
    assert others == ["Request: And then?\nResponse time: 1.0s\nCost: $0.001105"] * 4


def test_python_passes_over_an_unanswered_request(
    fleet: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    """A request that is open still is no exchange, and no error."""
    names = fleet.run(PYTHON.replace("abc123", "stuck-instance"))
    assert list(names["exchanges"]) == ["msg-001"]
    assert capsys.readouterr().out == ""


# --- Troubleshooting ------------------------------------------------------------------------


NOT_APPEARING = """
# Check logging manager initialization
assert manager.logging_manager is not None

# Verify log directory permissions
import os
log_dir = manager.logging_manager.log_dir
assert os.access(log_dir, os.W_OK)
"""


MISSING = """
# Check if instance directory exists
instance_dir = manager.logging_manager.instances_dir / instance_id
assert instance_dir.exists()

# Verify metadata file
metadata_file = instance_dir / "metadata.json"
assert metadata_file.exists()
"""


def test_logs_that_do_not_appear_can_be_looked_into(fleet: Fleet) -> None:
    """The documented checks hold, and speak of our directory."""
    assert fleet.run(NOT_APPEARING)["log_dir"] == fleet.root


def test_missing_instance_logs_can_be_looked_into(fleet: Fleet) -> None:
    """Every instance has its directory and its metadata; one that is made up has not."""
    for instance_id in EVENTS:
        names = fleet.run(MISSING, instance_id=instance_id)
        assert json.loads(names["metadata_file"].read_text())["instance_id"] == instance_id
    with pytest.raises(AssertionError):
        fleet.run(MISSING, instance_id="nobody")


SIZES = "du -sh /tmp/madrox_logs/*"


COMPRESS = "gzip /tmp/madrox_logs/instances/*/communication.jsonl"


ARCHIVE = """
tar -czf old_instances_$(date +%Y%m%d).tar.gz /tmp/madrox_logs/instances/
rm -rf /tmp/madrox_logs/instances/abc123*
"""


def test_sizes_can_be_seen(fleet: Fleet) -> None:
    """`du` tells the size of each part of the tree."""
    told = [line.split("\t") for line in fleet.shell(SIZES, fleet.root).splitlines()]
    assert [Path(name).name for _, name in told] == ["audit", "instances", "orchestrator.log"]
    assert all(float(size.rstrip("KM")) > 0 for size, _ in told)


def all_messages(fleet: Fleet) -> dict[str, list[str]]:
    """Every line of every communication, as the query API gives it."""
    snippet = COMPLIANCE.replace('instance_id = "production-instance-001"', "")
    return {name: fleet.run(snippet, instance_id=name)["comm_logs"] for name in EVENTS}


def test_compressed_logs_are_read_like_the_rest(fleet: Fleet) -> None:
    """After `gzip` every line is still there, and what is said later comes after it."""
    before = all_messages(fleet)
    files = {name: fleet.instance(name) / "communication.jsonl" for name in EVENTS}
    assert sum(map(len, before.values())) == 2 * len(COSTS) + 1
    fleet.shell(COMPRESS, fleet.root)
    assert not any(path.exists() for path in files.values())
    assert all_messages(fleet) == before
    (last,) = fleet.run(GET_INSTANCE_LOGS.replace("tail=100", "tail=1"))["logs"]
    assert last == before["abc123-def456-789"][-1]
    fleet.writer.instance("abc123").sent("One more thing")
    later = files["abc123"].read_text().splitlines()
    assert len(later) == 1
    assert all_messages(fleet) == {**before, "abc123": before["abc123"] + later}


def test_old_instances_can_be_archived_and_deleted(fleet: Fleet, tmp_path: Path) -> None:
    """The archive holds every file; what was deleted is gone from the list, not from the trail."""
    files = [path for path in (fleet.root / "instances").rglob("*") if path.is_file()]
    kept = {str(path).lstrip("/"): path.read_bytes() for path in files}
    trail = fleet.audit()
    fleet.shell(ARCHIVE, tmp_path)
    (archive,) = tmp_path.glob("old_instances_*.tar.gz")
    with tarfile.open(archive) as tar:
        members = {member.name: tar.extractfile(member) for member in tar if member.isfile()}
        assert {name: file.read() for name, file in members.items() if file} == kept
    listed = fleet.run(LIST_LOGGED_INSTANCES)["instances"]
    assert [entry["instance_id"] for entry in listed] == [i for i in sorted(EVENTS) if i not in IDS]
    assert fleet.run(GET_AUDIT_LOGS)["audit_entries"] == trail
