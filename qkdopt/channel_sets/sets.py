"""Design in one call, for scripts and notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from qkdopt.channel_sets.design_problem import Asked
from qkdopt.channel_sets.evaluations import Evaluations
from qkdopt.channel_sets.rank import Design, design
from qkdopt.instance import Instance
from qkdopt.jobs import Store, open_workers


def design_sets(
    instance: Instance,
    channels: int | Sequence[int],
    *,
    workers: int | None = None,
    folder: Path | None = None,
    **asked: Any,
) -> Design:
    """Search sets of QKD channels and rank the best.

    Parameters
    ----------
    instance
        Network and hardware.
    channels
        Candidates of each link; several numbers, rising, for a frontier.
    workers
        Processes; all cores by default.
    folder
        Where evaluations are kept, so that the same call goes on from there.
    **asked
        See :class:`qkdopt.channel_sets.design_problem.Asked`.

    Raises
    ------
    OptionsError
        With everything that is out of range or does not fit together.
    UnfinishedError
        Interrupted, or some evaluations failed.
    """
    sizes = (channels,) if isinstance(channels, int) else tuple(channels)
    about = Asked(sizes=sizes, **asked).question(instance)
    with ExitStack() as stack:
        where = folder or Path(stack.enter_context(TemporaryDirectory()))
        team = stack.enter_context(open_workers(None, workers))
        evaluations = Evaluations(about.ground, Store(where), team)
        return design(about.ground, about.baseline, about.options, evaluations)
