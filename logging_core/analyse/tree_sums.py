"""What one part of a tree added up to, with its name: what a summary is made of."""

from __future__ import annotations

import math
import re

from logging_core.analyse.identity import Identity
from logging_core.analyse.sums import Sums

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}", re.ASCII)


class TreeSums:
    """What one part of a tree added up to.

    Attributes:
        tree: The name of the tree.
        part: The name of the part; empty if it is the whole tree.
        at_s: When it was looked at, in seconds since the epoch.
        sums: The sums.
        errors: How many there were; what two files report of one counts once.
        said: What each instance says of itself, by id.
    """

    __slots__ = ("at_s", "errors", "part", "said", "sums", "tree")

    def __init__(
        self, tree: str, part: str, at_s: float, sums: Sums, errors: int, said: dict[str, Identity]
    ) -> None:
        self.tree = tree
        self.part = part
        self.at_s = at_s
        self.sums = sums
        self.errors = errors
        self.said = said


def check_name(what: str, name: object) -> str:
    """Return the name of a tree, or of a part of one.

    Raises:
        ValueError: It is not 1 to 128 characters of `[A-Za-z0-9._-]`, the first not a dot.
    """
    if isinstance(name, str) and _NAME.fullmatch(name):
        return name
    shown = ascii(name)[:80]
    raise ValueError(f"{what} is {shown}: use 1 to 128 of A-Z a-z 0-9 . _ - with no leading dot")


def check_parts(parts: object) -> None:
    """Look at what was read.

    Raises:
        ValueError: It is no list of `TreeSums`, or these do not hold what they should.
    """
    if type(parts) is not list:
        raise ValueError("damaged: not the sums of trees")
    for part in parts:
        if type(part) is not TreeSums or not _is_whole(part):
            raise ValueError("damaged: not the sums of a tree")
        check_name("tree", part.tree)
        if part.part != "":
            check_name("part", part.part)


def _is_whole(part: TreeSums) -> bool:
    said: object = part.said
    is_said = isinstance(said, dict) and all(
        isinstance(instance_id, str) and isinstance(identity, Identity)
        for instance_id, identity in said.items()
    )
    is_timed = isinstance(part.at_s, float) and math.isfinite(part.at_s)
    return is_said and is_timed and isinstance(part.errors, int) and isinstance(part.sums, Sums)
