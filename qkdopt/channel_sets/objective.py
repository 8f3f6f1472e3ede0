"""What sets are compared by on a list of demands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qkdopt.errors import UsageError
from qkdopt.instance import Instance
from qkdopt.problem import validate_objective
from qkdopt.problem.key_shares import KEY_OBJECTIVES
from qkdopt.result import Objective


def objective_of_sets(instance: Instance, objective: Objective | None) -> Objective:
    """Return what the plans of sets are compared by.

    Parameters
    ----------
    instance
        Network and demands.
    objective
        What is asked for; None for ``mean``, or ``key-factor`` where keys are shared.

    Raises
    ------
    UsageError
        The objective does not fit the accounting of keys, is none that sets are compared by, or
        no demand asks for key.
    """
    shared = instance.qkd.key_accounting == "shared"
    chosen: Objective = objective or ("key-factor" if shared else "mean")
    # Link rates are the sum over all links, whatever the demands: no rate of theirs.
    if chosen not in ("mean", *KEY_OBJECTIVES):
        raise UsageError(
            f"objective = {chosen!r}: channel sets are compared by what demands have; expected "
            f"{', '.join(KEY_OBJECTIVES) if shared else 'mean'}"
        )
    validate_objective(instance, chosen)
    return chosen


def count_of_keys(question: Mapping[str, Any]) -> str | None:
    """Say what a key rate of a ranking is where keys are shared; None where each has its own.

    Parameters
    ----------
    question
        Plain data of :class:`qkdopt.channel_sets.design_problem.DesignProblem`.
    """
    if question.get("key_accounting") != "shared":
        return None
    if question["on"] == "demands":
        return f"keys are shared: key rates are objective {question['objective']}, by demand"
    return "keys are shared: key rates are what requests are given of the key they ask for"


__all__ = ["count_of_keys", "objective_of_sets"]
