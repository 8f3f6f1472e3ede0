"""Names of nodes: one a node, and all by which links and demands call it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

from qkdopt.errors import MOST_SHOWN_FAULTS
from qkdopt.instance import NodeId
from qkdopt.io.importers.draft import Draft, DraftDemand, DraftLink, DraftNode
from qkdopt.io.importers.report import some
from qkdopt.io.importers.values import Reading, suggestion

# Ids that say nothing to a reader: 7, n7.
NUMBERED = re.compile(r"n?\d+")

Row = TypeVar("Row", DraftLink, DraftDemand)


class Names:
    """Nodes under the names that the instance has, and where any other name leads.

    Nodes that a file numbers have their labels for names, where each has one of its own.
    """

    def __init__(self, draft: Draft, reading: Reading) -> None:
        self.reading = reading
        ids = Counter(str(node.id) for node in draft.nodes)
        for name, times in ids.items():
            if times > 1:
                reading.fault(f"nodes: id {name!r} is given {times} times; expected once")
        _note_alike(set(ids), reading)
        self.nodes = draft.nodes
        if draft.labels_first and _has_names_for_labels(draft.nodes):
            self.nodes = tuple(_by_label(node) for node in draft.nodes)
            reading.assumed.append(
                f"nodes are called by their labels ({some([str(node.id) for node in self.nodes])}),"
                " not by their numbers in the file"
            )
        self._lead: dict[str, NodeId] = {}
        # Ids come last: they take the place of aliases, and these of labels.
        labels = Counter(node.label for node in self.nodes)
        for node in self.nodes:
            if labels[node.label] == 1:
                self._lead[node.label] = node.id
        for node in self.nodes:
            self._lead |= dict.fromkeys(node.aliases, node.id)
        self._lead |= {str(node.id): node.id for node in self.nodes}

    def resolve(self, rows: tuple[Row, ...], ends: tuple[str, str]) -> list[Row]:
        """Return rows with their ends under the names of the instance; a fault a name unknown."""
        resolved = []
        for row in rows:
            found = [self._lead.get(str(getattr(row, end))) for end in ends]
            for end, node in zip(ends, found, strict=True):
                if node is None:
                    self._unknown(f"{row.where}: {end}", str(getattr(row, end)))
            if None not in found:
                resolved.append(row.model_copy(update=dict(zip(ends, found, strict=True))))
        return resolved

    def _unknown(self, where: str, name: str) -> None:
        # Of many faults the first are shown, and a suggestion for each of thousands takes long.
        few = len(self.reading.faults) < MOST_SHOWN_FAULTS
        hint = suggestion(name, map(str, self._lead)) if few else ""
        self.reading.fault(f"{where} = {name!r}; expected the name of a node{hint}")


def _note_alike(names: set[str], reading: Reading) -> None:
    """Note names that differ by case alone: likely one node, and taken for two."""
    alike: dict[str, list[str]] = {}
    for name in sorted(names):
        alike.setdefault(name.casefold(), []).append(name)
    for same in alike.values():
        if len(same) > 1:
            reading.assumed.append(f"names that differ by case are different nodes: {some(same)}")


def _has_names_for_labels(nodes: Sequence[DraftNode]) -> bool:
    """Whether nodes have mere numbers for ids, and each a label of its own.

    A label that is the number of another node would send its links there.
    """
    ids = {str(node.id) for node in nodes}
    labels = {node.label for node in nodes}
    numbered = all(NUMBERED.fullmatch(name) for name in ids)
    return numbered and "" not in labels and len(labels) == len(nodes) and not ids & labels


def _by_label(node: DraftNode) -> DraftNode:
    """Return a node under its label; its number still leads to it."""
    change = {"id": node.label, "label": "", "aliases": (*node.aliases, str(node.id))}
    return node.model_copy(update=change)
