"""A solver that never checks its clock; its options say what it reports before.

``python -m tests.adapters.stubborn solve ...`` is the command line with this solver installed.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np

from qkdopt.adapters import ADAPTERS
from qkdopt.adapters.base import Capabilities, RawOutcome, Status
from qkdopt.adapters.solver import Solver


class StubbornAdapter(Solver):
    """Reports what its options say, or a bound that holds for sure, and then sleeps for an hour."""

    name = "stubborn"
    limit = "none"
    package = "qkdopt"
    install = "it is here"
    takes_ranges = True
    capabilities = Capabilities()

    @property
    def statuses(self):
        return {"optimal": Status.OPTIMAL}

    def version(self):
        return "1"

    def run(self, program, limits, start, observer):
        options = limits.options
        pid = options.get("pid", os.environ.get("STUBBORN_PID"))
        if pid:
            Path(pid).write_text(str(os.getpid()), encoding="ascii")
        if "values" in options:
            observer.improve(np.array([float(value) for value in options["values"].split()]))
        if "bound" in options:
            observer(None, options["bound"])
        elif not options:
            best = np.where(program.cost > 0.0, program.upper, program.lower)
            observer(None, program.objective(np.where(program.cost == 0.0, 0.0, best)))
        if options.get("end") == "answer":
            return RawOutcome(word="optimal", values=np.zeros(program.columns), bound=0.0)
        if options.get("end") == "crash":
            os.abort()
        if options.get("end") == "error":
            raise ZeroDivisionError("planted")
        time.sleep(3600.0)
        raise TimeoutError("an hour has passed")


def main():
    """Run the command line."""
    from qkdopt.cli import main as command_line
    from tests.adapters.stubborn import StubbornAdapter as Importable

    # Of its module and not of __main__, for its process to import.
    ADAPTERS["stubborn"] = Importable()
    command_line()


if __name__ == "__main__":
    main()
