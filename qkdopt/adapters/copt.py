"""COPT, in process, through coptpy. It has no seed: runs are deterministic.

On rows with two sides COPT 8 reports feasible programs as infeasible: they are given as two rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csc_matrix

from qkdopt.adapters.base import Capabilities, Limits, Observer, RawOutcome, SizeLimit, Status
from qkdopt.adapters.polling import poll
from qkdopt.adapters.program import Floats, Program
from qkdopt.adapters.solver import Solver, apply_settings
from qkdopt.runtime.output import suppress_stdout

# COPT's status -> ours. What is absent is FAILED.
STATUS = {
    "OPTIMAL": Status.OPTIMAL,
    "INFEASIBLE": Status.INFEASIBLE,
    # Left open by presolve: infeasible where the columns are bounded.
    "INF_OR_UNB": Status.INFEASIBLE,
    "UNBOUNDED": Status.UNBOUNDED,
    "TIMEOUT": Status.LIMIT,
    "NODELIMIT": Status.LIMIT,
    "INTERRUPTED": Status.INTERRUPTED,
}
# Text of the log where the start is accepted.
START_TAKEN = ("Initial MIP solution # 1", "was accepted")
# COPT's error for a program over the size that needs a licence.
TOO_LARGE = 4


class CoptAdapter(Solver):
    """COPT."""

    name = "copt"
    limit = "2000 columns, 2000 rows without a licence"
    package = "coptpy"
    install = "pip install coptpy"
    ambiguous = frozenset({"INF_OR_UNB"})
    size = SizeLimit(columns=2000, rows=2000)
    capabilities = Capabilities(seed=False)

    @property
    def statuses(self) -> dict[str, Status]:
        """COPT's statuses and ours."""
        return STATUS

    def licensed(self) -> bool:
        """Return whether COPT takes one column more than the limit."""
        import coptpy

        with suppress_stdout():
            model = _new_model()
            zeros, ones = np.zeros(2001), np.ones(2001)
            # Linear and empty programs may be larger.
            row = csc_matrix(ones.reshape(1, -1))
            kinds = [coptpy.COPT.INTEGER] * 2001
            model.loadMatrix(ones, row, np.ones(1), np.full(1, 9.0), zeros, ones, kinds)
            try:
                model.solve()
            except coptpy.CoptError as error:
                return bool(error.retcode != TOO_LARGE)
        return True

    def run(
        self, program: Program, limits: Limits, start: Floats | None, observer: Observer
    ) -> RawOutcome:
        """Solve in the program's own sense.

        Parameters
        ----------
        program
            The program.
        limits
            Limits and settings of the run.
        start
            ``(columns,)`` values of the MIP start; None for no start.
        observer
            Called with incumbent and bound; returns whether to continue.
        """
        log = _new_log()
        with suppress_stdout():
            model = _new_model()
            _load(model, program)
            _set_options(model, limits)
            model.setLogCallback(log)
        if start is not None and not program.linear:
            model.setMipStart(model.getVars(), start.tolist())
            model.loadMipStart()
        listener = _new_listener(model, program)
        poll(model.solve, lambda: observer(*listener.progress), model.interrupt)
        has_solution = model.HasLpSol if program.linear else model.HasMipSol
        return RawOutcome(
            word=_word(model.status),
            values=np.array(model.getValues()) if has_solution else None,
            bound=None if program.linear else float(model.BestBnd),
            start_accepted=log.start_taken,
            nodes=None if program.linear else int(model.NodeCnt),
        )


def _new_model() -> Any:
    """Return an empty model; COPT prints a banner about its licence."""
    import coptpy

    model = coptpy.Envr().createModel("")
    model.setParam("LogToConsole", 0)
    return model


def _word(code: int) -> str:
    """Return COPT's name of a status code."""
    from coptpy import COPT

    names = (name for name in STATUS if getattr(COPT, name) == code)
    return next(names, f"status {code}")


def _load(model: Any, program: Program) -> None:
    from coptpy import COPT

    infinity = COPT.INFINITY
    model.loadMatrix(
        program.cost,
        csc_matrix(program.matrix),
        np.maximum(program.row_lower, -infinity),
        np.minimum(program.row_upper, infinity),
        np.maximum(program.lower, -infinity),
        np.minimum(program.upper, infinity),
        [COPT.INTEGER if is_integer else COPT.CONTINUOUS for is_integer in program.integer],
    )
    model.setObjConst(program.offset)
    model.setObjSense(COPT.MAXIMIZE if program.maximise else COPT.MINIMIZE)


def _set_options(model: Any, limits: Limits) -> None:
    model.setParam("TimeLimit", max(0.0, limits.seconds))
    model.setParam("RelGap", limits.gap)
    model.setParam("Threads", limits.threads)
    if limits.nodes is not None:
        model.setParam("NodeLimit", limits.nodes)
    apply_settings("copt", limits, model.setParam)


def _new_log() -> Any:
    """Return a listener that reads from the log whether the start is accepted."""
    import coptpy

    class Log(coptpy.LogCallback):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.start_taken = False

        def Display(self, line: str) -> None:
            self.start_taken = self.start_taken or all(part in line for part in START_TAKEN)

    return Log()


def _new_listener(model: Any, program: Program) -> Any:
    """Return a listener to incumbents and bounds."""
    import coptpy
    from coptpy import COPT

    class Listener(coptpy.CallbackBase):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.progress: tuple[float | None, float | None] = (None, None)

        def callback(self) -> None:
            self.progress = self.getInfo("BestObj"), self.getInfo("BestBnd")

    listener = Listener()
    if not program.linear:
        contexts = COPT.CBCONTEXT_INCUMBENT | COPT.CBCONTEXT_MIPNODE | COPT.CBCONTEXT_MIPRELAX
        model.setCallback(listener, contexts)
    return listener
