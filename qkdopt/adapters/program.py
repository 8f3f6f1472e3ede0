"""Mixed-integer linear programs as arrays, the input of every solver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

if TYPE_CHECKING:
    import pyomo.environ as pyo

Floats = NDArray[np.float64]

# A column with a larger bound keeps its name when it is sent to another process.
NAMED_REACH = 1e6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Program:
    r"""A mixed-integer linear program.

    .. math::
        \min \text{ or } \max\; c^\top x + c_0
        \quad\text{s.t.}\quad r^- \le A x \le r^+,\; l \le x \le u,\; x_I \in \mathbb{Z}

    Parameters
    ----------
    cost, offset, maximise
        :math:`c`, :math:`c_0` and the sense; the cost is in that sense.
    lower, upper
        :math:`l, u`, one per column; infinity where there is none.
    integer
        Whether a column is integer.
    matrix
        :math:`A`, compressed by rows.
    row_lower, row_upper
        :math:`r^-, r^+`; infinity where there is none.
    names
        One per column, for messages only; may be empty, or leave columns out.
    """

    cost: Floats
    offset: float
    maximise: bool
    lower: Floats
    upper: Floats
    integer: NDArray[np.bool_]
    matrix: Any
    row_lower: Floats
    row_upper: Floats
    names: Sequence[str] | Mapping[int, str] = ()

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.matrix.shape[0])

    @property
    def columns(self) -> int:
        """Number of columns."""
        return int(self.matrix.shape[1])

    @property
    def linear(self) -> bool:
        """Whether it has no integer column."""
        return not bool(self.integer.any())

    @property
    def bounded(self) -> bool:
        """Whether the bounds of the columns alone bound the objective."""
        descent = self.descent
        best = np.select([descent > 0, descent < 0], [self.lower, self.upper], 0.0)
        return bool(np.isfinite(best).all())

    @property
    def descent(self) -> Floats:
        """Cost of the same program as a minimisation."""
        return -self.cost if self.maximise else self.cost

    def objective(self, values: Floats) -> float:
        """Return the objective of a point, in the program's sense."""
        return float(self.cost @ values) + self.offset

    @property
    def row_kinds(self) -> NDArray[np.str_]:
        """Kind of each row, as MPS has it: E, R (a range), G, L or N (free)."""
        low, high = np.isfinite(self.row_lower), np.isfinite(self.row_upper)
        equal = self.row_lower == self.row_upper
        return np.select([equal, low & high, low, high], ["E", "R", "G", "L"], "N")

    def one_sided(self) -> Program:
        """Return the same program with each range as two rows."""
        ranges = self.row_kinds == "R"
        if not ranges.any():
            return self
        none = np.full(int(ranges.sum()), -np.inf)
        return replace(
            self,
            matrix=csr_array(vstack([self.matrix, self.matrix[ranges]])),
            row_lower=np.concatenate([self.row_lower, none]),
            row_upper=np.concatenate(
                [np.where(ranges, np.inf, self.row_upper), self.row_upper[ranges]]
            ),
        )

    def name(self, column: int) -> str:
        """Return the name of a column, for messages."""
        if isinstance(self.names, Mapping):
            return self.names.get(column, f"column {column}")
        return self.names[column] if len(self.names) else f"column {column}"

    def portable(self) -> Program:
        """Return the same program for another process.

        It keeps the names of columns with large bounds alone: only they occur in messages, and
        all names take seconds.
        """
        if not len(self.names):
            return self
        reach = np.maximum(np.abs(self.lower), np.abs(self.upper))
        names = {
            int(column): self.name(int(column)) for column in np.flatnonzero(reach > NAMED_REACH)
        }
        return replace(self, names=names)

    def violation(self, values: Floats) -> float:
        """Return the largest amount by which a point violates a row, a bound or integrality.

        For rows and bounds it is relative to the violated side, where that is above one.
        """
        activity = self.matrix @ values
        integers = values[self.integer]
        violations = (
            _beyond(activity, self.row_lower, self.row_upper),
            _beyond(values, self.lower, self.upper),
            np.abs(integers - np.rint(integers)),
        )
        return max((float(amounts.max()) for amounts in violations if amounts.size), default=0.0)


def _beyond(values: Floats, lower: Floats, upper: Floats) -> Floats:
    """Return the distance outside the sides, relative to a side above one."""
    scales = (np.where(np.isfinite(side), np.abs(side), 1.0) for side in (lower, upper))
    low, high = (np.maximum(scale, 1.0) for scale in scales)
    return np.maximum((lower - values) / low, (values - upper) / high)


def program_of_model(model: pyo.ConcreteModel) -> tuple[Program, list[Any]]:
    """Compile a linear Pyomo model into arrays.

    Returns
    -------
    program, columns
        The program, and the Pyomo variable of each of its columns.
    """
    # A solver's own process gets arrays, and does not import Pyomo.
    import pyomo.environ as pyo
    from pyomo.common.gc_manager import PauseGC
    from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler

    # Garbage collection over a model's millions of objects takes longer than compiling it.
    with PauseGC():
        form = LinearStandardFormCompiler().write(model, mixed_form=True)
    maximise = next(model.component_data_objects(pyo.Objective, active=True)).sense == pyo.maximize
    # Pyomo states its standard form as a minimisation.
    sign = -1.0 if maximise else 1.0
    columns = list(form.columns)
    bounds = [variable.bounds for variable in columns]
    kinds = np.array([row.bound_type for row in form.rows], dtype=np.int64)
    rhs = np.asarray(form.rhs, dtype=np.float64)
    program = Program(
        cost=sign * np.asarray(form.c.todense(), dtype=np.float64).ravel(),
        offset=sign * float(form.c_offset[0]),
        maximise=bool(maximise),
        lower=np.array([-np.inf if low is None else low for low, _ in bounds], dtype=np.float64),
        upper=np.array([np.inf if high is None else high for _, high in bounds], dtype=np.float64),
        integer=np.array([not variable.is_continuous() for variable in columns], dtype=np.bool_),
        matrix=csr_array(form.A, dtype=np.float64),
        row_lower=np.where(kinds <= 0, rhs, -np.inf),
        row_upper=np.where(kinds >= 0, rhs, np.inf),
        names=_Names(columns),
    )
    return program, columns


class _Names(Sequence[str]):
    """Names of columns, made on access: Pyomo takes seconds for all of them."""

    def __init__(self, columns: Sequence[Any]) -> None:
        self._columns = columns

    def __len__(self) -> int:
        return len(self._columns)

    def __getitem__(self, index: Any) -> Any:
        return self._columns[index].name
