"""Named sets of hardware values; every result says which one it stands on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qkdopt.instance import Classical, Fibre, Grid, Qkd


def paper() -> dict[str, Any]:
    """Values of the DS-QKD study, and the reading that fits its published rates.

    Launch power and filter width are not published: only their product with the Raman
    scale matters, and -12.4 dBm in a 100 GHz filter is its calibrated value.
    """
    return {
        "grid": Grid(channels=40, first_thz=192.1, spacing_ghz=100.0),
        "fibre": Fibre(layout="single", loss_db_per_km=0.2, raman_profile="gnpy"),
        "classical": Classical(launch_dbm=-12.4),
        "qkd": Qkd(sifting=1.0, filter_ghz=100.0, guard_ghz=200.0),
    }


def field() -> dict[str, Any]:
    """Values a planner can defend for equipment in the field.

    Sifting of standard BB84, vacuum + weak decoys, a literature-like Raman scale, launch
    power just above the receivers' sensitivity (-28 dBm: P. Eraerds et al., New J. Phys.
    12, 063027 (2010)), a 15 GHz filter behind 3 dB of insertion loss.
    """
    return {
        "grid": Grid(channels=40, first_thz=192.1, spacing_ghz=100.0),
        "fibre": Fibre(layout="pair", loss_db_per_km=0.2, raman_scale=0.62),
        "classical": Classical(receiver_sensitivity_dbm=-28.0, margin_db=2.0),
        "qkd": Qkd(
            decoys="vacuum+weak",
            sifting=0.5,
            insertion_loss_db=3.0,
            filter_ghz=15.0,
            guard_ghz=400.0,
        ),
    }


PRESETS: dict[str, Callable[[], dict[str, Any]]] = {"paper": paper, "field": field}
