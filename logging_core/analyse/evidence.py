"""What the records prove about one instance's state, and the judgement on it.

Records of different files reach the model in any order, so nothing here depends on the order of
arrival: the newest proof of each kind is kept with its time, and the state follows from these.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import NamedTuple

from msgspec.structs import replace

from logging_core.analyse.errors import SAME_S, UNTOLD
from logging_core.analyse.state import OpenRequest, State
from logging_core.wall_clock import latest_reading


class ProofKind(enum.IntEnum):
    """What a record proves. Of two proofs with the same time, the higher kind is the later."""

    SPAWNED = 0
    READY = 1
    REQUEST = 2
    COMMUNICATION = 3
    REPLY = 4
    RESUMED = 5
    SUSPENDED = 6
    FAILED_SAYS_LOG = 7
    FAILED = 8
    ENDED_SAYS_LOG = 9
    ENDED = 10


class Proof(NamedTuple):
    """One proof.

    Attributes:
        at_s: When; minus infinity if unknown.
        what: What it says, in a few words.
        slack_s: It may be so much later in truth: a log with whole seconds cuts the rest off.
        message_id: Which request or reply.
        failed: Of an end: it ended in an error.
    """

    at_s: float
    what: str
    slack_s: float = 0.0
    message_id: str | None = None
    failed: bool = False

    @property
    def reason(self) -> str:
        """What it says, and of which message."""
        if self.message_id is None:
            return self.what
        return f"{self.what} {_short(self.message_id)}"


class Verdict(NamedTuple):
    """A state, why, and since when (`None`: unknown)."""

    state: State
    reason: str
    since_s: float | None


_REVIVES = (
    ProofKind.SPAWNED,
    ProofKind.REQUEST,
    ProofKind.COMMUNICATION,
    ProofKind.RESUMED,
    ProofKind.SUSPENDED,
)
_SOONEST_S = {
    ProofKind.SPAWNED: 0.0,
    ProofKind.READY: 0.0,
    ProofKind.REQUEST: 0.0,
    ProofKind.REPLY: 1.0,
}
"""What shows that it went on from a question, if it is so much later than the capture.

Who reads a pane to get the reply that is on it records the two at about the same time. A
communication may repeat what the pane shows, and a failure may be that nobody answered.
"""
_CANCELS = {ProofKind.RESUMED: ProofKind.SUSPENDED, ProofKind.SUSPENDED: ProofKind.RESUMED}
_AWAKE = (ProofKind.READY, ProofKind.REPLY)
_ENDS = (ProofKind.ENDED, ProofKind.ENDED_SAYS_LOG)
_STATES = {
    ProofKind.SPAWNED: State.INITIALIZING,
    ProofKind.SUSPENDED: State.SUSPENDED,
    ProofKind.FAILED_SAYS_LOG: State.ERROR,
    ProofKind.FAILED: State.ERROR,
}
_UNKNOWN = Verdict(State.UNKNOWN, "no record of its state", None)


class Evidence:
    """The newest proof of each kind."""

    __slots__ = ("_proofs",)

    def __init__(self) -> None:
        self._proofs: dict[ProofKind, Proof] = {}

    def add(self, kind: ProofKind, proof: Proof) -> None:
        """Take a proof in; an older one than is known changes nothing.

        Of two replies of one moment the one with the greater id counts, and of two failures the one
        with the greater text, in whatever order.
        """
        known = self._proofs.get(kind)
        if known is not None and _order(kind, known) > _order(kind, proof):
            return
        self._proofs[kind] = proof
        opposite = _CANCELS.get(kind)
        if opposite in self._proofs and self._proofs[opposite].at_s == proof.at_s:
            # Both stand in one file, so of the same time the one that came last counts.
            del self._proofs[opposite]

    def drop(self, kinds: Iterable[ProofKind]) -> None:
        """Forget the proofs of some kinds."""
        for kind in kinds:
            self._proofs.pop(kind, None)

    def went_on(self, asked_s: float) -> bool:
        """Whether it went on from what its pane asked at `asked_s`, in seconds since the epoch."""
        return any(
            self._proofs[kind].at_s - soonest_s > asked_s
            for kind, soonest_s in _SOONEST_S.items()
            if kind in self._proofs
        )

    @property
    def has_ended(self) -> bool:
        """Whether it was terminated, and nothing has happened since that revives it."""
        return self._end() is not None

    def still_open(self, requests: Iterable[OpenRequest], now_s: float) -> tuple[OpenRequest, ...]:
        """The requests that no end and no new start has closed, oldest first; of one id the oldest.

        Each is as young as its time may mean at the moment `now_s`: see `latest_reading`.
        """
        left = [_as_young(request, now_s) for request in requests if not self._has_ended(request)]
        oldest: dict[str, OpenRequest] = {}
        for request in sorted(left, key=_age_key):
            oldest.setdefault(request.message_id, request)
        return tuple(oldest.values())

    def unanswered(self, requests: Iterable[OpenRequest]) -> tuple[OpenRequest, ...]:
        """Of those that have no reply, the requests that an end or a new start has closed."""
        return tuple(sorted(filter(self._has_ended, requests), key=_age_key))

    def _has_ended(self, request: OpenRequest) -> bool:
        """Return whether the life that a request was sent in is over."""
        at_s = -1.0 if request.since_s is None else request.since_s
        spawned = self._proofs.get(ProofKind.SPAWNED)
        if spawned is not None and at_s < spawned.at_s:
            return True
        ends = (self._proofs[kind] for kind in _ENDS if kind in self._proofs)
        return any(_covers(end, at_s) for end in ends)

    def judge(self, open_requests: tuple[OpenRequest, ...]) -> Verdict:
        """The state that follows; `open_requests` as `still_open` gave them."""
        end = self._end()
        if end is not None:
            state = State.ERROR if end.failed else State.TERMINATED
            return Verdict(state, self._cause(end), _known(end.at_s))
        kind = self._newest()
        if kind is None:
            return _UNKNOWN
        proof = self._proofs[kind]
        since_s = _known(proof.at_s)
        state = _STATES.get(kind, State.IDLE)
        if state is State.IDLE and open_requests:
            return Verdict(State.BUSY, _open_reason(open_requests), open_requests[0].since_s)
        return Verdict(state, proof.reason, since_s)

    def _end(self) -> Proof | None:
        """The end that nothing has revived it from; the audit trail knows more of it."""
        for kind in _ENDS:
            end = self._proofs.get(kind)
            if end is not None and not self._is_revived(end):
                return end
        return None

    def _cause(self, end: Proof) -> str:
        """The reason of an end; of an untold one the last error of the life that it ended."""
        failure, spawned = self._proofs.get(ProofKind.FAILED), self._proofs.get(ProofKind.SPAWNED)
        if end.what != UNTOLD or failure is None:
            return end.reason
        is_earlier = spawned is not None and failure.at_s < spawned.at_s
        return end.reason if is_earlier else failure.reason

    def _is_revived(self, since: Proof) -> bool:
        proofs = (self._proofs[kind] for kind in _REVIVES if kind in self._proofs)
        return any(not _covers(since, proof.at_s) for proof in proofs)

    def _newest(self) -> ProofKind | None:
        kinds = [kind for kind in self._proofs if kind not in _ENDS]
        suspended = self._proofs.get(ProofKind.SUSPENDED)
        if suspended is not None and not self._is_revived(suspended):
            # A reply that was under way does not wake it.
            kinds = [kind for kind in kinds if kind not in _AWAKE]
        newest = max(kinds, key=lambda kind: (self._time_of(kind), kind), default=None)
        if newest is ProofKind.FAILED_SAYS_LOG and self._is_told_better():
            return ProofKind.FAILED
        return newest

    def _is_told_better(self) -> bool:
        """Whether what the log says last of an error is what another file says of it, too."""
        failure = self._proofs.get(ProofKind.FAILED)
        said = self._proofs[ProofKind.FAILED_SAYS_LOG]
        return failure is not None and said.at_s - failure.at_s <= SAME_S

    def _time_of(self, kind: ProofKind) -> float:
        proof = self._proofs[kind]
        spawned = self._proofs.get(ProofKind.SPAWNED)
        if kind is ProofKind.READY and spawned is not None and _covers(proof, spawned.at_s):
            return max(proof.at_s, spawned.at_s)
        return proof.at_s


def _order(kind: ProofKind, proof: Proof) -> tuple[float, str]:
    return proof.at_s, proof.what if kind is ProofKind.FAILED else proof.message_id or ""


def _covers(proof: Proof, at_s: float) -> bool:
    """Whether the proof may be as late as `at_s`."""
    return at_s <= proof.at_s or at_s < proof.at_s + proof.slack_s


def _known(at_s: float) -> float | None:
    return at_s if at_s >= 0 else None


def _as_young(request: OpenRequest, now_s: float) -> OpenRequest:
    if request.since_s is None:
        return request
    since_s = latest_reading(request.since_s, now_s)
    return request if since_s == request.since_s else replace(request, since_s=since_s)


def _age_key(request: OpenRequest) -> tuple[bool, float]:
    return request.since_s is None, request.since_s or 0.0


def _open_reason(requests: tuple[OpenRequest, ...]) -> str:
    reason = f"request {_short(requests[0].message_id)} open"
    return reason if len(requests) == 1 else f"{reason}, {len(requests) - 1} more"


def _short(message_id: str) -> str:
    """A message id short enough for a reason: a UUID's first part."""
    return message_id if len(message_id) <= 16 else f"{message_id[:8]}…"
