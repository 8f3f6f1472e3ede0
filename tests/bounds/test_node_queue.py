"""The tree of a long run keeps its bound in bounded memory."""

from __future__ import annotations

from functools import cache

import pytest

from qkdopt.bounds import node_queue
from qkdopt.bounds.branching import LoadTree
from tests.bounds.test_team import room_of, root

EXPANSIONS = 12


def grown(most_bytes):
    """A tree, and the most bytes that prices and cuts of its waiting nodes had."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(node_queue, "MOST_STATE_BYTES", most_bytes)
        tree = LoadTree(*root())
    most = 0
    while not tree.done and tree.expansions < EXPANSIONS:
        tree.expand(0.0, lambda: False)
        most = max(most, tree.waiting.state_bytes)
    return tree, most


@cache
def unlimited():
    return grown(2**40)


def test_without_a_limit_every_node_keeps_its_prices():
    tree, most = unlimited()
    assert tree.waiting.rough == 0
    assert most == sum(node.state.nbytes for _, _, node in tree.waiting)
    assert most > 0


@pytest.mark.parametrize("share", [0.5, 0.0])
def test_waiting_nodes_keep_to_their_memory_and_the_bound_falls_as_far(share):
    free, everything = unlimited()
    tree, most = grown(int(share * everything))
    assert most <= share * everything
    assert tree.waiting.rough > 0
    # Every plan is still in a window, and what was given up costs time, not tightness.
    assert room_of(tree) == room_of(LoadTree(*root()))
    assert tree.bound_bps < root()[2].value_bps
    assert tree.bound_bps == pytest.approx(free.bound_bps, rel=2e-3)


def test_what_a_node_gave_up_changes_neither_its_bound_nor_its_window():
    tree, everything = grown(2**40)
    queue = tree.waiting
    before = {number: (value, node.window.tobytes()) for value, number, node in queue}
    queue._most_bytes = everything - 1
    queue.release()
    assert 0 < queue.rough < len(queue)
    assert queue.state_bytes <= everything // 2
    assert {n: (value, node.window.tobytes()) for value, n, node in queue} == before
    # The largest bounds, which come next, keep theirs.
    kept = [value for value, _, node in queue if not node.rough]
    assert max(kept) <= min(value for value, _, node in queue if node.rough)
