"""Options of the strategies with a MIP solver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qkdopt.errors import UsageError

if TYPE_CHECKING:
    from qkdopt.adapters import Adapter

FORMULATIONS = ("joint", "textbook", "load-state", "cp-sat")


@dataclass(frozen=True, kw_only=True)
class SolverOptions:
    """Formulation and solver.

    Parameters
    ----------
    formulation
        ``joint``: the joint MILP, tightened by load states. ``textbook``: the same problem with
        one big-M for every "if". ``load-state``: routes by load states, then wavelengths on
        these routes, until both agree. ``cp-sat``: CP-SAT's own model.
    solver
        The adapter, or its name.
    seed, threads, nodes
        For the solver.
    linearisation
        Largest relative error of the linearised key rate; by default a share of the gap.
    settings
        The solver's own options, by its own names, that are not at its defaults.
    """

    formulation: str = "joint"
    solver: str | Adapter = "highs"
    seed: int = 0
    threads: int = 1
    nodes: int | None = None
    linearisation: float | None = None
    settings: Mapping[str, bool | int | float | str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        faults = []
        if self.formulation not in FORMULATIONS:
            faults.append(
                f"formulation = {self.formulation!r}; expected one of {', '.join(FORMULATIONS)}"
            )
        if self.formulation == "cp-sat" and _name(self.solver) != "cp-sat":
            faults.append(
                f"formulation cp-sat with solver = {self.solver!r}; expected solver cp-sat, whose "
                "own model it is"
            )
        if self.formulation == "cp-sat" and self.nodes is not None:
            faults.append("formulation cp-sat has no node limit; expected a time limit")
        if self.linearisation is not None and not 0.0 < self.linearisation < 1.0:
            faults.append(f"linearisation = {self.linearisation:g}; expected a share in (0, 1)")
        if faults:
            raise UsageError("; ".join(faults))


def _name(solver: str | Adapter) -> str:
    # A plan by a heuristic needs no adapter.
    from qkdopt.adapters import adapter_of

    return adapter_of(solver).name


def validate_options(
    strategy: str,
    formulation: str,
    routes: str,
    time_limit: float,
    gap: float,
    threads: int | None,
    linearisation: float | None,
    node_limit: int | None,
    scheduler: str | None,
) -> None:
    """Raise where options of a run are out of range or do not fit together.

    Raises
    ------
    UsageError
        With every fault.
    """
    faults = []
    if scheduler is not None and strategy != "auto":
        faults.append(f"a scheduler with strategy {strategy}; expected strategy auto with it")
    if routes == "all" and strategy != "auto":
        faults.append(f"routes = 'all' with strategy {strategy}; expected strategy auto")
    if formulation != "joint" and strategy != "milp":
        faults.append(f"formulation = {formulation!r}; expected strategy milp with it")
    if not time_limit > 0.0:
        faults.append(f"time limit = {time_limit:g}; expected more than 0 s")
    if not 0.0 <= gap < 1.0:
        faults.append(f"gap = {gap:g}; expected 0 to 1 (given in per cent?)")
    if linearisation is not None and not 0.0 < linearisation < gap:
        faults.append(
            f"linearisation = {linearisation:g}; expected more than 0 and less than the gap "
            f"{gap:g}, of which it is a part"
        )
    if node_limit is not None and node_limit < 0:
        faults.append(f"node limit = {node_limit}; expected at least 0")
    if threads is not None and threads < 1:
        faults.append(f"threads = {threads}; expected at least 1")
    if faults:
        raise UsageError("; ".join(faults))
