"""Small instances proved by MILPs: load states with wavelengths first, then the joint model.

Load states leave few routings to give wavelengths to, where key rates differ by loads; where many
routings are as good, or wavelengths decide, the joint model takes over.
"""

from __future__ import annotations

from collections.abc import Callable

from qkdopt.adapters import Adapter
from qkdopt.bounds.classes import Relaxation
from qkdopt.errors import UnsupportedError
from qkdopt.optimize.clock import Clock
from qkdopt.optimize.incumbent import Incumbent
from qkdopt.optimize.load_states import LoadStateRun
from qkdopt.optimize.milp import JointRun
from qkdopt.result import Bound, SolverRef

# Routings that the load states may propose before the joint model is tried.
MOST_ROUTINGS = 8


class SmallProof:
    """Both models on one instance, once.

    Parameters
    ----------
    incumbent
        Best plan so far, improved in place.
    clock
        Limits and progress.
    solver
        MIP solver.
    seed, threads
        Of the solver.
    nodes
        Limit on the branching nodes of each solve; None for no limit.
    relaxation
        The problem's load states; None where no bound covers them.
    """

    def __init__(
        self,
        incumbent: Incumbent,
        clock: Clock,
        *,
        solver: str | Adapter,
        seed: int,
        threads: int,
        nodes: int | None,
        relaxation: Relaxation | None,
    ) -> None:
        self._incumbent = incumbent
        self._clock = clock
        self._joint = JointRun(
            incumbent, clock, solver=solver, seed=seed, threads=threads, nodes=nodes
        )
        self._joint_served = -1
        self._loads: LoadStateRun | None = None
        if relaxation is not None:
            self._loads = LoadStateRun(
                incumbent, clock, self._joint, solver=solver, seed=seed, threads=threads,
                nodes=nodes, relaxation=relaxation, most_routings=MOST_ROUTINGS,
            )  # fmt: skip

    @property
    def solver(self) -> SolverRef:
        """Who answered."""
        return self._joint.solver

    def run(self, closed: Callable[[], bool]) -> None:
        """Prove the number served, then the objective.

        Parameters
        ----------
        closed
            Whether the gap is closed: then the rest is left out.

        Raises
        ------
        SolverFailedError
            The solver failed.
        """
        if self._loads is not None:
            try:
                self._loads.run()
            except UnsupportedError:
                # Other relays, objectives or floors: the joint model has them all.
                self._loads = None
        if closed() or self._clock.over():
            return
        self._joint.prove_served()
        self._joint_served = self._incumbent.best()[1].served
        self._joint.prove_objective()

    def bounds(self) -> tuple[Bound, ...]:
        """Return what was proved, each as results record it."""
        loads = () if self._loads is None else (self._loads.as_bound(),)
        if self._joint_served < 0:
            return loads
        joint = self._joint.as_bound()
        if self._joint_served != self._incumbent.best()[1].served:
            joint = joint.model_copy(update={"objective_bps": None})
        return (*loads, joint)
