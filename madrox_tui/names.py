"""What instances are called: by their names, told apart where several have one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from logging_core.analyse.state import InstanceState

ID_END = 4
"""How many characters of its id tell an instance from its namesakes, at least: those that are left
of a name that does not fit."""


def names_of(instances: Iterable[InstanceState]) -> dict[str, str]:
    """Return what each instance of a fleet is called, by id.

    That is its label; where others have it, too, with as much of the end of its id as tells them
    apart.
    """
    return told_apart({instance.instance_id: instance.label for instance in instances})


def told_apart(labels: Mapping[str, str]) -> dict[str, str]:
    """Return labels by id, with the end of the id added where several are the same."""
    if len(set(labels.values())) == len(labels):
        return dict(labels)
    namesakes: dict[str, list[str]] = {}
    for instance_id, label in labels.items():
        namesakes.setdefault(label, []).append(instance_id)
    names = dict(labels)
    for label, ids in namesakes.items():
        if len(ids) > 1:
            most = max(ID_END, *map(len, ids))
            sizes = range(ID_END, most + 1)
            size = next(n for n in sizes if len({i[-n:] for i in ids}) == len(ids))
            names.update((i, f"{label}#{i[-size:]}") for i in ids)
    return names
