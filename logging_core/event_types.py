"""The event types that mean something to us; a tree may hold any other."""

from __future__ import annotations

SENT = "message_sent"
"""A request to an instance, in its `communication.jsonl`, as are the next two."""

RECEIVED = "message_received"
"""A reply of an instance."""

COMMUNICATION = "communication"
"""What an instance and another one tell each other."""

SPOKEN = frozenset({SENT, RECEIVED, COMMUNICATION})
"""Those of messages; other lines of a `communication.jsonl` are about its life."""

SPAWN = "instance_spawn"
"""An instance begins a life, in the audit trail, as are the next two."""

EXCHANGE = "message_exchange"
"""A request and its reply: what is counted, and summed."""

TERMINATE = "instance_terminate"
"""The life of an instance ended."""
