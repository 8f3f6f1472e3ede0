"""CBC as a child process: the program of the package cbcbox.

CBC always gets a minimisation: its bounds at a time limit are not reliable when it maximises. Its
log has the bound, its solution file the status and the values.
"""

from __future__ import annotations

import re
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from signal import SIGINT

from qkdopt.adapters.base import Capabilities, Limits, Observer, RawOutcome, Status
from qkdopt.adapters.child import Child, remaining
from qkdopt.adapters.mps import OFFSET_COLUMN, write_mps
from qkdopt.adapters.program import Floats, Program
from qkdopt.adapters.solver import Solver
from qkdopt.adapters.text_output import (
    TOLERANCE,
    bound_of_optimum,
    outward,
    read_columns,
    solution,
)

# CBC's status at the head of its solution file -> ours. What is absent is FAILED.
STATUS = {
    "Optimal": Status.OPTIMAL,
    "Infeasible": Status.INFEASIBLE,
    "Integer infeasible": Status.INFEASIBLE,
    "Unbounded": Status.UNBOUNDED,
    "Stopped on time": Status.LIMIT,
    # Also on nodes and by a signal.
    "Stopped on iterations": Status.LIMIT,
    # Ours.
    "Stopped": Status.LIMIT,
}
# Lines of the log: on the end, on the start, and on progress.
BOUND = re.compile(r"^(?:Lower bound:|.*BestSol: .* Bound:) +(\S+)")
NODES = re.compile(r"^Enumerated nodes: +(\d+)")
START = re.compile(r"MIPStart provided solution with cost (\S+)")
PROGRESS = re.compile(r"^ ?\S? +\d+ +\d+ +\d+ +(\S+) .* (\S+) +\S+% +\S+$")
# Digits that it prints of bounds.
DIGITS = 6


@dataclass
class _LogState:
    incumbent: float | None = None
    bound: float | None = None
    nodes: int | None = None
    start_cost: float | None = None
    searched: bool = False

    def read(self, line: str) -> None:
        if match := PROGRESS.match(line):
            self.incumbent, self.bound = _number(match[1]), _number(match[2])
        elif match := BOUND.match(line):
            self.bound = _number(match[1])
        elif match := NODES.match(line):
            self.nodes = int(match[1])
        elif match := START.search(line):
            self.start_cost = _number(match[1])
        self.searched = self.searched or line.startswith("Result - ")


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    # Its infinities have been 1e30, 1e50 and the largest double.
    return value if abs(value) < 1e29 else None


class CbcAdapter(Solver):
    """CBC."""

    name = "cbc"
    limit = "none (EPL-2.0 licence)"
    package = "cbcbox"
    isolated = False
    install = "pip install cbcbox"
    # Without preprocessing it reports an unbounded program as infeasible.
    ambiguous = frozenset({"Infeasible", "Integer infeasible"})
    capabilities = Capabilities(callback=False, seed=False)

    @property
    def statuses(self) -> dict[str, Status]:
        """CBC's statuses and ours."""
        return STATUS

    def run(
        self, program: Program, limits: Limits, start: Floats | None, observer: Observer
    ) -> RawOutcome:
        """Solve as a minimisation and convert the result back.

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
        began = time.monotonic()
        sign = -1.0 if program.maximise else 1.0
        log = _LogState()

        def proceed() -> bool:
            return observer(*outward(log.incumbent, log.bound, sign, DIGITS))

        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_mps(program, folder / "program.mps")
            if start is not None:
                _write_start(start, folder / "start.txt")
            left = remaining(limits, began)
            command = _command(left, start=start is not None)
            child = Child(command=command, folder=folder, signal=SIGINT)
            code = child.run(log.read, proceed, left.seconds)
            word, raw_values = _solution(folder / "solution.txt", program)
        values = None if raw_values is None else solution(program, raw_values)
        if word == "Optimal" and values is None and not log.searched:
            # Out of time before the search: the optimum is the relaxation's.
            word = "Stopped on time"
        if code not in (0, None):
            word = f"exit status {code}"
        _, bound = outward(None, log.bound, sign, DIGITS)
        closed = STATUS.get(word) is Status.OPTIMAL
        return RawOutcome(
            word=word,
            values=values,
            bound=bound_of_optimum(program, raw_values, bound, limits.gap) if closed else bound,
            start_accepted=start is not None and _is_start_accepted(program, start, log.start_cost),
            nodes=log.nodes,
        )


def _command(limits: Limits, *, start: bool) -> list[str]:
    from cbcbox import cbc_bin_path

    # One thread is CBC's 0. Its seeds had no effect in any test: none is passed.
    threads = str(limits.threads if limits.threads > 1 else 0)
    command = [cbc_bin_path(), "program.mps", "-timeMode", "elapsed"]
    command += ["-seconds", repr(max(limits.seconds, 1e-3)), "-ratioGap", repr(limits.gap)]
    # Its bound propagation takes slow convergence for a proof of infeasibility.
    command += ["-boundPropLevel", "singletons", "-nodeBoundPropMaxDepth", "0", "-useUTF8", "0"]
    # What it rewrites before the search, and before the first linear program, loses solutions.
    command += ["-preprocess", "off", "-preRootLPStr", "off"]
    # Models are scaled as they are stated; scaled once more its optimum may be none.
    command += ["-scaling", "off"]
    # By default it discards improvements below 1e-4, absolute.
    command += ["-increment", "1e-9", "-threads", threads]
    if limits.nodes is not None:
        command += ["-maxNodes", str(limits.nodes)]
    if start:
        command += ["-mipstart", "start.txt"]
    for name, value in limits.options.items():
        command += [f"-{name}", str(value)]
    return [*command, "-solve", "-solution", "solution.txt"]


def _write_start(start: Floats, path: Path) -> None:
    names = [*(f"c{column}" for column in range(start.size)), OFFSET_COLUMN]
    values = [*start.tolist(), 1.0]
    pairs = enumerate(zip(names, values, strict=True))
    lines = (f"{number} {name} {value!r}\n" for number, (name, value) in pairs)
    path.write_text(f"start\n{''.join(lines)}", encoding="ascii")


def _is_start_accepted(program: Program, start: Floats, cost: float | None) -> bool:
    """Return whether CBC accepted the start.

    CBC keeps the integer columns and moves the continuous ones, also where the start is not
    feasible. Accepted means that the start was a solution and that CBC's is no worse.
    """
    if cost is None or program.violation(start) > TOLERANCE:
        return False
    objective = -program.objective(start) if program.maximise else program.objective(start)
    return cost <= objective + 10.0 ** (1 - DIGITS) * max(1.0, abs(objective))


def _solution(path: Path, program: Program) -> tuple[str, Floats | None]:
    """Return the status and the values of a solution file."""
    if not path.exists():
        return "Stopped", None
    head, *lines = path.read_text(encoding="ascii").splitlines()
    word = re.split(r" \(| - ", head)[0]
    if "no integer solution" in head or "nfeasible" in head:
        return word, None
    # A leading ** marks a value out of bounds.
    rows = (line.replace("**", "").split() for line in lines)
    return word, read_columns(((row[1], row[2]) for row in rows), program.columns)
