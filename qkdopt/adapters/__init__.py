"""One adapter per solver, one contract for all."""

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


def adapter_of(name: str) -> Adapter:
    """Return the adapter of that name.

    Raises
    ------
    UsageError
        There is none.
    """
    if name not in ADAPTERS:
        raise UsageError(f"solver = {name!r}; expected one of {', '.join(ADAPTERS)}")
    return ADAPTERS[name]


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
    "program_of_model",
]
