"""GLPK, as a child process: ``glpsol`` of Debian's glpk-utils.

It takes no start, no threads and no seed. The log has the status and the bound, the solution file
the values. When it is stopped by a signal it writes no solution.
"""

from __future__ import annotations

import math
import re
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from qkdopt.adapters.base import Capabilities, Limits, Observer, RawOutcome, Status
from qkdopt.adapters.child import Child, remaining
from qkdopt.adapters.mps import write_mps
from qkdopt.adapters.program import Floats, Program
from qkdopt.adapters.solver import Solver
from qkdopt.adapters.text_output import bound_of_optimum, outward, read_columns, solution

# GLPK's last status in its log -> ours. What is absent is FAILED.
STATUS = {
    "INTEGER OPTIMAL SOLUTION FOUND": Status.OPTIMAL,
    "INTEGER OPTIMAL SOLUTION FOUND BY MIP PREPROCESSOR": Status.OPTIMAL,
    "RELATIVE MIP GAP TOLERANCE REACHED; SEARCH TERMINATED": Status.OPTIMAL,
    "OPTIMAL LP SOLUTION FOUND": Status.OPTIMAL,
    "OPTIMAL SOLUTION FOUND": Status.OPTIMAL,
    "OPTIMAL SOLUTION FOUND BY LP PREPROCESSOR": Status.OPTIMAL,
    "PROBLEM HAS NO PRIMAL FEASIBLE SOLUTION": Status.INFEASIBLE,
    "PROBLEM HAS NO INTEGER FEASIBLE SOLUTION": Status.INFEASIBLE,
    "LP HAS NO PRIMAL FEASIBLE SOLUTION": Status.INFEASIBLE,
    # Left open by presolve: infeasible where the columns are bounded.
    "PROBLEM HAS NO DUAL FEASIBLE SOLUTION": Status.INFEASIBLE,
    "LP HAS UNBOUNDED PRIMAL SOLUTION": Status.UNBOUNDED,
    "TIME LIMIT EXCEEDED; SEARCH TERMINATED": Status.LIMIT,
    # Ours.
    "STOPPED": Status.LIMIT,
}
# A line of progress: iterations, incumbent, bound.
PROGRESS = re.compile(r"^\+ *\d+: (?:mip =|>>>>>) +(.+?) >= +(tree is empty|\S+) ")
# Longest time limit that it takes.
MAX_LIMIT_S = 1e6
# Digits that it prints of numbers.
DIGITS = 10


@dataclass
class _LogState:
    word: str = "NO WORD"
    incumbent: float | None = None
    bound: float | None = None

    def read(self, line: str) -> None:
        if re.fullmatch(r"[A-Z]{2,}[A-Z; ]+[A-Z]", line):
            self.word = line
        match = PROGRESS.match(line)
        if match:
            self.incumbent = _number(match[1])
            # The first bounds are infinite, and the last one is of an empty tree.
            self.bound = self.incumbent if "empty" in match[2] else _number(match[2])


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


class GlpkAdapter(Solver):
    """GLPK."""

    name = "glpk"
    limit = "none (GPL-3.0 licence)"
    package = "glpsol"
    isolated = False
    install = "apt install glpk-utils"
    ambiguous = frozenset({"PROBLEM HAS NO DUAL FEASIBLE SOLUTION"})
    capabilities = Capabilities(
        start=False,
        callback=False,
        keeps_solution=False,
        threads=False,
        seed=False,
        node_limit=False,
    )

    @property
    def statuses(self) -> dict[str, Status]:
        """GLPK's statuses and ours."""
        return STATUS

    def available(self) -> bool:
        """Return whether glpsol is on the path."""
        return shutil.which("glpsol") is not None

    def version(self) -> str:
        """Return the version of glpsol."""
        process = subprocess.run(
            ["glpsol", "--version"], capture_output=True, text=True, check=False
        )
        match = re.search(r"(\d+\.\d+)", process.stdout)
        return match[1] if match else "unknown"

    def run(
        self, program: Program, limits: Limits, start: Floats | None, observer: Observer
    ) -> RawOutcome:
        """Solve as a minimisation and convert the result back; a start is not used.

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
        del start
        began = time.monotonic()
        sign = -1.0 if program.maximise else 1.0
        log = _LogState()

        def proceed() -> bool:
            return observer(*outward(log.incumbent, log.bound, sign, DIGITS))

        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_mps(program, folder / "program.mps")
            left = remaining(limits, began)
            child = Child(command=_command(left), folder=folder)
            code = child.run(log.read, proceed, left.seconds)
            raw_values = _values(folder / "solution.txt", program)
        word = log.word if code == 0 else "STOPPED" if code is None else f"exit status {code}"
        closed = STATUS.get(word) is Status.OPTIMAL
        _, log_bound = outward(None, log.bound, sign, DIGITS)
        bound = (
            bound_of_optimum(program, raw_values, log_bound, limits.gap) if closed else log_bound
        )
        values = None if raw_values is None else solution(program, raw_values)
        return RawOutcome(word=word, values=values, bound=bound)


def _command(limits: Limits) -> list[str]:
    # It counts whole seconds; a fraction of the limit is not used.
    seconds = str(max(1, math.floor(min(limits.seconds, MAX_LIMIT_S))))
    options = ["--tmlim", seconds, "--mipgap", repr(limits.gap), "--write", "solution.txt"]
    for name, value in limits.options.items():
        # Switches stand alone: "cuts" = true.
        options += [f"--{name}"] if value is True else [f"--{name}", str(value)]
    return ["glpsol", "--freemps", "program.mps", *options]


def _values(path: Path, program: Program) -> Floats | None:
    """Read the solution file: ``j COLUMN VALUE``, or ``j COLUMN STATUS VALUE DUAL``."""
    if not path.exists():
        return None
    text = path.read_text(encoding="ascii")
    if not text.rstrip().endswith("e o f"):
        # It was stopped while it wrote.
        return None
    lines = [line.split() for line in text.splitlines()]
    position = 3 if program.linear else 2
    columns = ((f"c{int(line[1]) - 1}", line[position]) for line in lines if line[0] == "j")
    return read_columns(columns, program.columns)
