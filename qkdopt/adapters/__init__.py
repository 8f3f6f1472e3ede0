"""One adapter per solver, one contract for all."""

from importlib.metadata import EntryPoint, entry_points

from qkdopt.adapters.base import (
    Adapter,
    Capabilities,
    Limits,
    Outcome,
    Setting,
    SizeLimit,
    Status,
    Watch,
)
from qkdopt.adapters.cbc import CbcAdapter
from qkdopt.adapters.copt import CoptAdapter
from qkdopt.adapters.cp_sat import CpSatAdapter
from qkdopt.adapters.cplex import CplexAdapter
from qkdopt.adapters.glpk import GlpkAdapter
from qkdopt.adapters.gurobi import GurobiAdapter
from qkdopt.adapters.highs import HighsAdapter
from qkdopt.adapters.program import Program, program_of_model
from qkdopt.adapters.scip import ScipAdapter
from qkdopt.adapters.xpress import XpressAdapter
from qkdopt.errors import UsageError

ADAPTERS: dict[str, Adapter] = {
    adapter.name: adapter
    for adapter in (
        HighsAdapter(),
        ScipAdapter(),
        CpSatAdapter(),
        CbcAdapter(),
        GlpkAdapter(),
        GurobiAdapter(),
        XpressAdapter(),
        CplexAdapter(),
        CoptAdapter(),
    )
}


# Entry points of installed packages: name of the solver, and where its adapter's class is.
GROUP = "qkdopt.adapters"


def adapter_of(solver: str | Adapter) -> Adapter:
    """Return the adapter of that name, or the adapter that is given in place of one.

    Raises
    ------
    UsageError
        There is none.
    """
    if not isinstance(solver, str):
        return solver
    if solver in ADAPTERS:
        return ADAPTERS[solver]
    brought = installed_adapters()
    if solver not in brought:
        names = ", ".join((*ADAPTERS, *brought))
        raise UsageError(f"solver = {solver!r}; expected one of {names}")
    adapter: Adapter = brought[solver].load()()
    return adapter


def installed_adapters() -> dict[str, EntryPoint]:
    """Return the adapters of other installed packages; none of them takes a name of ours."""
    found = {point.name: point for point in entry_points(group=GROUP)}
    return {name: point for name, point in found.items() if name not in ADAPTERS}


__all__ = [
    "ADAPTERS",
    "Adapter",
    "Capabilities",
    "Limits",
    "Outcome",
    "Program",
    "Setting",
    "SizeLimit",
    "Status",
    "Watch",
    "adapter_of",
    "installed_adapters",
    "program_of_model",
]
