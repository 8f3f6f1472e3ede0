"""Channels that are reserved only where a link works on QKD."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qkdopt.problem import Problem
from qkdopt.problem.light_in_place import available_channels


def with_open_channels(problem: Problem) -> Problem:
    """Return the problem in which a channel is reserved only where its link works on QKD.

    With ``reserve = all`` tables keep all guard bands of a link dark at all times, and here only
    where the link has equipment: then every candidate blocks those of all others.
    """
    tables, instance = problem.tables, problem.instance
    if instance.qkd.reserve != "all":
        return problem
    known = np.arange(tables.blocks.shape[1]) < tables.candidate_count[:, None]
    blocks = tables.blocks.any(axis=1, keepdims=True) & known[:, :, None]
    opened = replace(tables, blocks=blocks, usable=available_channels(instance))
    return replace(problem, tables=opened)


__all__ = ["with_open_channels"]
