"""Sensitivity analysis: the gains of a sweep's settings, of runs on the same requests."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qkdopt.errors import UsageError
from qkdopt.experiments.sensitivity.perturbation import (
    Setting,
    sensitivity_settings,
    variant_settings,
)
from qkdopt.experiments.sensitivity.power import Receivers
from qkdopt.experiments.study import Job, gain_between
from qkdopt.instance import Instance
from qkdopt.jobs import RunReport
from qkdopt.jobs.batch import run_batch
from qkdopt.simulation import SimulationOptions
from qkdopt.simulation.refusals import validate_requests

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "parameter", "value", "unit", "db", "mean_skr_per_request_bps", "ci95", "blocking",
    "paired_gain_percent", "paired_ci95",
)  # fmt: skip
AS_IT_STANDS = "as it stands"


def sensitivity(
    instance: Instance,
    *,
    step_db: float = 3.0,
    receivers: Receivers | None = None,
    variants: Mapping[str, Instance] | None = None,
    load_erlang: float | None = None,
    requests: int = 200_000,
    seed: int = 0,
    folder: Path | None = None,
    workers: int | None = None,
    progress: Callable[[RunReport], None] | None = None,
) -> pd.DataFrame:
    """Change every hardware parameter by itself and measure the key rate on the same requests.

    Parameters
    ----------
    instance
        The network as it stands.
    step_db
        Between neighbouring values [dB].
    receivers
        Classical receivers, which limit the launch power; None for the instance's own.
    variants
        Further instances to measure on the same requests, by name, such as scenarios of a
        calibration; rows of theirs have no value and no dB. None for none.
    load_erlang
        Offered load; None for the instance's own.
    requests, seed
        Of every run.
    folder
        Where rows are kept; None keeps none.
    workers
        Processes; None for all cores.
    progress
        Called about every second with the state of the runs.

    Returns
    -------
    DataFrame
        One row a setting with its paired gain, see ``docs/sensitivity.md``.

    Raises
    ------
    UsageError, InstanceError
        Every option that is out of range.
    UnfinishedError
        Interrupted, or some runs failed.

    Examples
    --------
    >>> import qkdopt
    >>> mesh = qkdopt.read_instance("instances/small/mesh6.json")
    >>> table = qkdopt.sensitivity(mesh, step_db=9.0, requests=5000, load_erlang=5.0)
    >>> "launch power" in set(table["parameter"])
    True
    """
    faults = list(validate_requests(load_erlang=load_erlang, requests=requests, seed=seed))
    if faults:
        raise UsageError("; ".join(faults))
    sweep = sensitivity_settings(instance, step_db=step_db, receivers=receivers)
    further = variant_settings(instance, variants or {})
    sweep = replace(sweep, settings=(*sweep.settings, *further))
    load = instance.load_erlang if load_erlang is None else load_erlang
    jobs = sensitivity_jobs(
        sweep.settings, set_name="instance", load_erlang=load, seed=seed, requests=requests
    )
    rows = run_batch(jobs, folder=folder, workers=workers, progress=progress)
    return sensitivity_table(sweep.settings, jobs, rows)


def sensitivity_jobs(
    settings: Sequence[Setting], *, set_name: str, load_erlang: float, seed: int, requests: int
) -> list[Job]:
    """Return one run a setting, on the same requests; 0 dB of every parameter is the same run.

    First fit and the best candidate: lightpaths do not depend on noise where all candidates are
    kept dark, so that settings differ in key rates alone.

    Parameters
    ----------
    settings
        Of the sweep.
    set_name
        Name of the candidate set in tables.
    load_erlang, seed, requests
        See :func:`qkdopt.simulation.simulate`.
    """
    return [
        Job(
            instance=setting.instance,
            set_name=set_name,
            label=_label(setting),
            options=SimulationOptions(strategy="ds-qkd"),
            load_erlang=load_erlang,
            seed=seed,
            requests=requests,
        )
        for setting in settings
    ]


def _label(setting: Setting) -> str:
    if math.isnan(setting.db):
        return setting.parameter
    if setting.db == 0.0 and setting.sign:
        return AS_IT_STANDS
    return f"{setting.parameter} {setting.db:+g} dB"


def sensitivity_table(
    settings: Sequence[Setting], jobs: Sequence[Job], rows: pd.DataFrame
) -> pd.DataFrame:
    """Return one row a setting: :data:`COLUMNS`, and ``better``, the parameter's sign.

    Parameters
    ----------
    settings, jobs
        As :func:`sensitivity_jobs` has them, in the same order.
    rows
        Rows of the runs, all done.
    """
    import pandas as pd

    rows_by_key = {row["key"]: row for _, row in rows.iterrows()}
    base = next(rows_by_key[job.key] for job in jobs if job.label == AS_IT_STANDS)
    table = []
    for setting, job in zip(settings, jobs, strict=True):
        row = rows_by_key[job.key]
        gain = gain_between(row, base, per_request=True)
        table.append(
            {
                "parameter": setting.parameter,
                "value": setting.value,
                "unit": setting.unit,
                "db": setting.db,
                "mean_skr_per_request_bps": row["mean_skr_per_request_bps"],
                "ci95": _number(row["mean_skr_per_request_bps_ci95"], 1.0),
                "blocking": row["blocking"],
                "paired_gain_percent": _number(gain.value, 100.0),
                "paired_ci95": _number(gain.ci95, 100.0),
                "better": setting.sign,
            }
        )
    return pd.DataFrame(table)


def _number(value: float | None, scale: float) -> float:
    return math.nan if value is None else scale * value


def rank_parameters(table: pd.DataFrame) -> pd.DataFrame:
    r"""Rank the parameters by the gain of one dB of each at the present values.

    A gain :math:`g` of :math:`x` dB to the better side is :math:`(1 + g)^{1/x} - 1` for each of
    them, compounded: key rates are nearly in proportion to efficiency, so that equal steps give
    equal factors, not equal sums. Measured is the first step to the better side; where there is
    none (a loss of 0 dB cannot fall, nor a power at its floor), the first to the worse side, x
    negative: such parameters come last, for they cannot improve. NaN where there is no
    key, at the present point or after the step.

    Returns
    -------
    DataFrame
        ``parameter``, ``unit``, ``value``, ``can_improve``, ``step_db`` (of the step that was
        measured, negative where the parameter goes down), ``gain_percent_per_db``, ``ci95``, then
        the best setting tried: ``best_value``, ``best_db``, ``best_gain_percent``, ``best_ci95``;
        NaN where no setting gives any key.
    """
    import pandas as pd

    parameters = table[table["better"] != 0].groupby("parameter", sort=False)
    ranked = [_rank_row(rows.to_dict("records")) for _, rows in parameters]
    frame = pd.DataFrame([row for row in ranked if row is not None])
    if frame.empty:
        return frame
    # Parameters of the same effect stay in the table's order, whatever their round-off.
    order = frame.assign(rounded=frame["gain_percent_per_db"].round(3)).sort_values(
        ["can_improve", "rounded"], ascending=False, na_position="last", kind="stable"
    )
    return order.drop(columns="rounded").reset_index(drop=True)


def _rank_row(rows: list[dict[Hashable, Any]]) -> dict[str, Any] | None:
    """Return the ranking's row of one parameter; None where it cannot be perturbed at all."""
    present = next(row for row in rows if row["db"] == 0.0)
    perturbed = [row for row in rows if row["db"] != 0.0]
    if not perturbed:
        return None
    improved = [row for row in perturbed if row["db"] * row["better"] > 0.0]
    step = min(improved or perturbed, key=lambda row: abs(row["db"]))
    # Of equal settings the nearest to the present one.
    best = max(rows, key=lambda row: (row["mean_skr_per_request_bps"], -abs(row["db"])))
    if not best["mean_skr_per_request_bps"] > 0.0:
        best = dict.fromkeys(best, math.nan)
    return {
        "parameter": present["parameter"],
        "unit": present["unit"],
        "value": present["value"],
        "can_improve": bool(improved),
        "step_db": step["db"],
        **_per_db(step["paired_gain_percent"], step["paired_ci95"], step["db"] * step["better"]),
        "best_value": best["value"],
        "best_db": best["db"],
        "best_gain_percent": best["paired_gain_percent"],
        "best_ci95": best["paired_ci95"],
    }


def _per_db(gain_percent: float, ci95: float, db: float) -> dict[str, float]:
    """Spread a gain over its dB, and its interval with it (to first order)."""
    factor = 1.0 + gain_percent / 100.0
    if not factor > 0.0:
        return {"gain_percent_per_db": math.nan, "ci95": math.nan}
    per_db = factor ** (1.0 / db)
    return {
        "gain_percent_per_db": 100.0 * (per_db - 1.0),
        "ci95": ci95 * per_db / (factor * abs(db)),
    }
