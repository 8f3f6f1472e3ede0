"""What ``qkdopt sensitivity`` says: text for a planner, or one JSON object."""

from __future__ import annotations

import json
import math
from collections.abc import Hashable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from qkdopt.cli.phrases import plus_minus
from qkdopt.experiments.sensitivity.analysis import (
    AS_IT_STANDS,
    COLUMNS,
    rank_parameters,
    sensitivity_jobs,
)
from qkdopt.experiments.sensitivity.parameters import RAMAN_SCALE
from qkdopt.experiments.sensitivity.perturbation import VARIANT, Sweep
from qkdopt.experiments.sensitivity.power import Receivers
from qkdopt.experiments.study import Job
from qkdopt.instance import Instance
from qkdopt.instance.generation import preset_name

if TYPE_CHECKING:
    import pandas as pd

Rows = list[dict[Hashable, Any]]


@dataclass(frozen=True)
class SweepOptions:
    """Options of a sweep, validated."""

    instance: Instance
    set_name: str
    step_db: float
    receivers: Receivers | None
    load_erlang: float
    requests: int
    seed: int
    workers: int | None

    def jobs(self, sweep: Sweep) -> list[Job]:
        """Return one run a setting."""
        return sensitivity_jobs(
            sweep.settings,
            set_name=self.set_name,
            load_erlang=self.load_erlang,
            seed=self.seed,
            requests=self.requests,
        )


def _base(rows: pd.DataFrame) -> dict[Hashable, Any]:
    return rows[rows["label"] == AS_IT_STANDS].to_dict("records")[0]


def sensitivity_lines(
    options: SweepOptions, sweep: Sweep, table: pd.DataFrame, rows: pd.DataFrame
) -> list[str]:
    """Format the result of a sweep as lines of text.

    Parameters
    ----------
    options
        Validated options of the sweep.
    sweep
        Settings, notes, and receivers that limit the launch power.
    table
        One row a setting, see
        :func:`qkdopt.experiments.sensitivity.analysis.sensitivity_table`.
    rows
        Rows of the runs, all done; the run of the unchanged instance is the base.
    """
    instance, base = options.instance, _base(rows)
    ranked: Rows = rank_parameters(table).to_dict("records")
    choices: Rows = table[table["better"] == 0].to_dict("records")
    return [
        f"{instance.name}  (preset {preset_name(instance) or 'none'}, ds-qkd first fit, channels "
        f"{options.set_name})",
        f"traffic       {options.load_erlang:g} erlang, {options.requests:,} requests, seed "
        f"{options.seed}, the same for every setting",
        f"as it stands  {_kbps(base)} per request, blocking {100.0 * base['blocking']:.3f} %",
        *_receiver_lines(instance, sweep),
        "",
        _line("parameter", "now", "% per dB better", "measured at", "best of the settings tried"),
        *(_ranked_line(row) for row in ranked),
        *_bracket_notes(ranked),
        *(_choice_line(row) for row in choices),
        *(f"note  {note}" for note in sweep.notes),
    ]


def _receiver_lines(instance: Instance, sweep: Sweep) -> list[str]:
    """Say what limits launch powers from below, or that nothing does."""
    receivers = sweep.receivers
    if receivers is None:
        return [
            "receivers     not looked at: the instance names none; with --sensitivity no launch",
            "              power is tried that does not reach them",
        ]
    cap = "" if receivers.cap_dbm is None else f", at most {receivers.cap_dbm:g} dBm"
    return [
        f"receivers     launch power at least {receivers.sensitivity_dbm:g} dBm + loss + "
        f"{receivers.margin_db:g} dB at every link{cap} ({_source(instance, receivers)})"
    ]


def _source(instance: Instance, receivers: Receivers) -> str:
    """Say whose word the receivers are: the instance's own, or the command line's."""
    own = Receivers.of(instance)
    same = own is not None and (own.sensitivity_dbm, own.margin_db) == (
        receivers.sensitivity_dbm, receivers.margin_db,
    )  # fmt: skip
    return "the instance's own" if same else "as given"


def _line(parameter: str, now: str, per_db: str, measured: str, best: str) -> str:
    return f"{parameter:23} {now:>10}  {per_db:>18}  {measured:>11}   {best}"


def _ranked_line(row: dict[Hashable, Any]) -> str:
    name = f"{row['parameter']}{' (yardstick)' if row['parameter'] == RAMAN_SCALE.name else ''}"
    now = f"{row['value']:.4g} {_unit(row)}".strip()
    return _line(name, now, _per_db(row), f"{row['step_db']:+g} dB", _best(row))


def _per_db(row: dict[Hashable, Any]) -> str:
    """Spell what a dB to the better side buys; in brackets where it follows from one to the worse.

    Such a parameter is at its limit: a dB of it cannot be bought.
    """
    percent, spread = row["gain_percent_per_db"], row["ci95"]
    if math.isnan(percent):
        return "-"
    text = f"{percent:+.2f}{plus_minus(spread)}"
    return text if row["can_improve"] else f"({text})"


def _bracket_notes(ranked: Rows) -> list[str]:
    if all(row["can_improve"] or math.isnan(row["gain_percent_per_db"]) for row in ranked):
        return []
    return ["(...) at its limit; from what a step to the worse side costs"]


def _best(row: dict[Hashable, Any]) -> str:
    if math.isnan(row["best_db"]):
        return "no key at any"
    if row["best_db"] == 0.0:
        return AS_IT_STANDS if row["can_improve"] else "at its limit"
    value = f"{row['best_value']:.4g} {_unit(row)}".strip()
    gain = _gain(row["best_gain_percent"], row["best_ci95"])
    return f"{value} ({row['best_db']:+g} dB): {gain}"


def _choice_line(row: dict[Hashable, Any]) -> str:
    gain = _gain(row["paired_gain_percent"], row["paired_ci95"])
    if not row["mean_skr_per_request_bps"] > 0.0:
        gain = "no key"
    if row["unit"] == VARIANT:
        return f"{row['parameter']}: {gain}"
    return f"{row['parameter']}: {row['value']:.2f} {_unit(row)} ({row['db']:+.2f} dB): {gain}"


def _kbps(row: dict[Hashable, Any]) -> str:
    """Spell a key rate; a single batch has no interval."""
    spread = row["mean_skr_per_request_bps_ci95"]
    interval = "" if spread is None else f" +- {spread / 1e3:.3f}"
    return f"{row['mean_skr_per_request_bps'] / 1e3:.3f}{interval} kbit/s"


def _unit(row: dict[Hashable, Any]) -> str:
    return "" if row["unit"] == "1" else str(row["unit"])


def _gain(percent: float, spread: float) -> str:
    if math.isnan(percent):
        # A gain over nothing has no size.
        return "some key, none as it stands"
    return f"{percent:+.2f}{plus_minus(spread)} %"


def sensitivity_json(
    options: SweepOptions, sweep: Sweep, table: pd.DataFrame, rows: pd.DataFrame
) -> dict[str, Any]:
    """Return the result of a sweep as plain data, with the names that users script against.

    Parameters
    ----------
    options, sweep, table, rows
        See :func:`sensitivity_lines`.
    """
    base = _base(rows)
    return {
        "schema": "qkdopt/sensitivity/1",
        "instance": options.instance.name,
        "sha256": options.instance.sha256(),
        "preset": preset_name(options.instance),
        "channels": options.set_name,
        "strategy": "ds-qkd",
        "load_erlang": options.load_erlang,
        "seed": options.seed,
        "requests": options.requests,
        "warmup": base["warmup"],
        "receivers": _receivers_json(options.instance, sweep.receivers),
        "settings": _plain(table[list(COLUMNS)].to_dict("records")),
        "ranking": _plain(rank_parameters(table).to_dict("records")),
        "notes": list(sweep.notes),
        "environment": {
            "versions": json.loads(base["versions"]),
            "cpu": base["cpu"],
            "platform": base["platform"],
        },
    }


def _receivers_json(instance: Instance, receivers: Receivers | None) -> dict[str, Any] | None:
    if receivers is None:
        return None
    return {**asdict(receivers), "source": _source(instance, receivers)}


def _plain(rows: Rows) -> list[dict[Hashable, Any]]:
    """Spell what is not known as null."""
    return [
        {
            name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in row.items()
        }
        for row in rows
    ]
