"""Everything that is new in a tree, one look after the other."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from logging_core.arguments import whole_number
from logging_core.read.cursor import Cursor
from logging_core.read.log_factory import LogFactory
from logging_core.read.root import RootId, find_root
from logging_core.read.session import Session, VoidError
from logging_core.records import Batch


class TreeReader:
    """Reads a tree and what is added to it; blocking, but bounded in work.

    No descriptor is open between two looks.

    Args:
        root: The log directory; need not exist yet.
        cursor: Of another reader's batch: go on after it.
        raw: Leave the texts of records unsanitised.
        history_bytes: How much of the end of each communication.jsonl, instance.log and
            orchestrator.log the first look reads: more where not one line of it ends in that, up
            to 1 MiB. 0 for nothing; `None` for all, rotated and compressed parts included. Of each
            pane, any number leaves only the newest capture; `PaneFile` has the others. It does not
            limit audit files.
        audit_bytes: How much of the end of the audit trail is read of what is there at the first
            look, of all its files together and not the compressed ones; `None` for all. The newest
            day is read first.
        blocks: Give exchanges in bulk, as `Batch.blocks`: five times as fast.
        tails: Give every frame its `tail`, not only the newest of each file.

    Raises:
        ValueError: `cursor` is none, or `history_bytes` or `audit_bytes` no number of bytes.
    """

    def __init__(
        self,
        root: Path,
        *,
        cursor: Mapping[str, Any] | None = None,
        raw: bool = False,
        history_bytes: int | None = None,
        audit_bytes: int | None = None,
        blocks: bool = False,
        tails: bool = False,
    ) -> None:
        self._root = root
        self._factory = LogFactory(root, raw, blocks, tails)
        self._history = _bytes("history_bytes", history_bytes)
        self._audit = _bytes("audit_bytes", audit_bytes)
        self._root_id: RootId | None = None
        self._session = self._begin(None if cursor is None else Cursor.parse(cursor))

    @property
    def is_cut(self) -> bool:
        """Whether `audit_bytes` leaves out a part of the audit trail."""
        return self._session.is_cut

    @property
    def cursor(self) -> dict[str, Any]:
        """See `Batch.cursor`: of the newest one; before that, as it was given."""
        return self._session.cursor

    @property
    def share(self) -> float:
        """About how much of what the last sweep saw was read, by bytes; 1 is all."""
        return self._session.share

    def is_whole(self) -> bool:
        """Return whether all is there that was read before `cursor`: each instance, each file.

        To be asked before the first `poll`, which takes what this found instead of a look of its
        own, at what it is `told`, too.
        """
        _, self._root_id = find_root(self._root, was_there=False)
        return self._root_id is not None and self._session.is_whole()

    def poll(self, told: Collection[str] = (), *, turns: int = 1) -> Batch:
        """Look for what is new.

        Args:
            told: Paths that may have changed: these are looked at in any case.
            turns: How many sweeps it takes until each instance known before was looked into; 0 for
                no sweep: only what was `told` is looked at. The first look is a whole sweep.

        Returns:
            What was found. While it is not `caught_up` there is more to be had at once.
        """
        waiting, root_id = find_root(self._root, was_there=self._root_id is not None)
        if root_id is None:
            return Batch(waiting=waiting, cursor=self.cursor)
        is_other = self._root_id not in {None, root_id}
        self._root_id = root_id
        if not is_other:
            with suppress(VoidError):
                return self._session.look(told, turns)
        self._session = self._begin(None)
        return replace(self._session.look((), 1), reset=True)

    def close(self) -> None:
        """Forget everything; a later `poll` begins anew."""
        self._root_id = None
        self._session = self._begin(None)

    def _begin(self, cursor: Cursor | None) -> Session:
        return Session(self._root, self._factory, self._history, self._audit, cursor)


def _bytes(name: str, value: int | None) -> int | None:
    return None if value is None else whole_number(name, value)
