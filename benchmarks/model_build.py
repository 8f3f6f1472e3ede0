"""Building the largest formulation of nsfnet_100erl: `python benchmarks/model_build.py`.

Through Pyomo (rules, then arrays), and beside it the noise rows alone, nine tenths of its entries,
laid out as arrays without Pyomo. Target: under 6 s through Pyomo.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from scipy.sparse import coo_array

from qkdopt.adapters import program_of_model
from qkdopt.io import read_instance
from qkdopt.milp import build_joint, build_textbook, linearise_links
from qkdopt.milp.linearise import Linearised
from qkdopt.milp.loads import build_loads
from qkdopt.milp.variables import JointModel, declare_lightpaths
from qkdopt.problem import Problem, build_problem

INSTANCE = Path(__file__).parent.parent / "instances" / "nsfnet_100erl.json"
TARGET_SECONDS = 6.0
# The mean rate is about 27 kbit/s: a gap of 0.1 % leaves this to the linearisation.
TOLERANCE_BPS = 8.0


def main() -> None:
    """Time each step."""
    started = time.perf_counter()
    problem = build_problem(read_instance(INSTANCE))
    print(f"physics and routes            {time.perf_counter() - started:6.2f} s")
    started = time.perf_counter()
    pieces = linearise_links(problem, TOLERANCE_BPS)
    linearising = time.perf_counter() - started
    print(f"linearised key rates          {linearising:6.2f} s")
    served = len(problem.routes)
    for name, build in (
        ("load-state", lambda: build_loads(problem, served=served)),
        ("textbook", lambda: build_textbook(problem, pieces, served=served)),
        ("joint", lambda: build_joint(problem, pieces, served=served)),
    ):
        started = time.perf_counter()
        model = build()
        built = time.perf_counter() - started
        started = time.perf_counter()
        program, _ = program_of_model(model)
        arrays = time.perf_counter() - started
        total = built + (0.0 if name == "load-state" else linearising)
        print(
            f"{name:10} by Pyomo         {built:6.2f} s, to arrays {arrays:5.2f} s; "
            f"{program.rows} rows, {program.columns} columns, {program.matrix.nnz} entries; "
            f"ratio to the target {total / TARGET_SECONDS:.2f}"
        )
    started = time.perf_counter()
    entries = noise_entries(problem, pieces)
    direct = time.perf_counter() - started
    print(f"noise rows without Pyomo      {direct:6.2f} s for {entries} entries")


def noise_entries(problem: Problem, pieces: dict[tuple[int, int], Linearised]) -> int:
    """Lay out rule C5 (noise of a link) as a sparse matrix, straight from the tables."""
    m = JointModel(problem, pieces)
    declare_lightpaths(m)
    column = {key: number for number, key in enumerate(m.RPW)}
    tables = problem.tables
    rows, columns, entries = [], [], []
    row = 0
    for e in range(len(tables.candidates)):
        lit = [
            (d, w, column[key])
            for d in (0, 1)
            if tables.in_quantum_fibre[e, d]
            for w in range(tables.usable.shape[2])
            for key in m.lit[e, d, w]
        ]
        direction, channel, place = (np.array(part) for part in zip(*lit, strict=True))
        for q in range(len(tables.candidates[e])):
            free = ~tables.blocks[e, q, channel]
            columns.append(place[free])
            entries.append(-tables.noise[e, direction[free], channel[free], q])
            rows.append(np.full(int(free.sum()), row))
            row += 1
    matrix = coo_array(
        (np.concatenate(entries), (np.concatenate(rows), np.concatenate(columns))),
        shape=(row, len(column)),
    ).tocsr()
    return matrix.nnz


if __name__ == "__main__":
    main()
