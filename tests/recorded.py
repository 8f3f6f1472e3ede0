"""Tests that take long, as recorded: a plain run leaves them to ``.ci/run``.

``tests/recorded.txt`` has the seconds of each on an idle machine. After a run of all tests with
``--durations=0 > LOG``, ``python -m tests.recorded LOG`` writes it again. What should stay in a
plain run though it takes long is named in ``KEPT``: the first test of a new kind belongs there.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PAGE = TESTS / "recorded.txt"
# A test that takes longer [s] is slow.
LIMIT_S = 0.8
# Beginnings of tests that stay: each the shortest way through a command or a bound.
KEPT = (
    "tests/cli/test_commands.py::test_solve_writes_a_result_that_check_passes",
    "tests/cli/test_golden.py",
    "tests/docs/test_tutorial.py",
    "tests/bounds/test_paths.py::test_it_comes_to_the_bound_over_a_list_of_every_route[mean]",
    "tests/report/test_browser_kinds.py::test_numbers",
)
# Beginnings of slow tests that are long: half a minute, beside slow ones that show as much.
LONG = (
    "tests/channel_sets/exact/test_exact.py::test_both_methods_agree_on_28_sets[mesh6]",
    "tests/channel_sets/exact/test_exact.py::test_the_static_value_repeats",
    "tests/channel_sets/test_design_command.py::test_sets_by_link",
    "tests/docs/test_documentation.py::test_the_local_cluster_as_a_script",
    "tests/experiments/comparison/test_compare.py::test_solvers_agree[mesh6",
    "tests/experiments/comparison/test_compare.py::test_solvers_agree[triangle",
    "tests/experiments/resilience/test_odd_instances.py::test_resilience_of_an_odd_instance[meas",
    "tests/experiments/resilience/test_resilience.py::test_one_or_two_workers",
    "tests/experiments/study/test_study.py::test_a_real_scheduler_killed",
    "tests/experiments/study/test_study.py::test_ctrl_c_that_reaches_a_worker",
    "tests/experiments/study/test_study.py::test_workers_do_not_outlive_a_study_that_is_killed[True-1",
    "tests/optimize/test_formulations.py::test_shipped_instances_agree_with_enumeration_where_that_is_"
    "feasible[triangle_pair",
    "tests/optimize/test_limits.py::test_a_signal_while_a_solver_does_not_listen[in the",
    "tests/optimize/test_small_proof.py::test_the_joint_model_takes_over",
)
LINE = re.compile(r"^([0-9.]+)s (call|setup|teardown) +(tests/\S.*?)\s*$")


def recorded() -> frozenset[str]:
    """Return the ids of the tests that are recorded as long."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    return frozenset(line.split(maxsplit=1)[1] for line in lines if not line.startswith("#"))


def mark_recorded(items: list[pytest.Item]) -> None:
    """Mark recorded tests as slow, and those named above as long."""
    slow = recorded()
    for item in items:
        if item.nodeid.startswith(LONG):
            item.add_marker(pytest.mark.long)
        elif item.nodeid in slow and item.get_closest_marker("long") is None:
            item.add_marker(pytest.mark.slow)


def page_of(log: str) -> str:
    """Return the page for a log of a run with all durations."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for line in log.splitlines():
        if (match := LINE.match(line)) is not None and match[2] == "call":
            seconds[match[3]] += float(match[1])
    rows = [
        f"{spent:.1f} {name}"
        for name, spent in sorted(seconds.items(), key=lambda row: (-row[1], row[0]))
        if spent >= LIMIT_S and not name.startswith(KEPT)
    ]
    return "\n".join(["# seconds, test: see tests/recorded.py", *rows]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page_of(Path(sys.argv[1]).read_text(encoding="utf-8")), encoding="utf-8")
