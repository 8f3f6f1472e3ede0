"""Made-up measurements: by the tables that plans are made with, not by what is tested here."""

from __future__ import annotations

import numpy as np

from qkdopt.experiments.calibration import Measurement
from qkdopt.experiments.calibration.measurement import read_lit
from qkdopt.instance import Instance
from qkdopt.instance.generation.presets import PRESETS
from qkdopt.problem.coefficients import build_tables

TRUTH = {"raman_scale": 0.8, "misalignment": 0.021, "dark_counts": 3e-7, "excess_loss": 1.2}
LENGTHS_KM = (25.0, 50.0, 80.0)
SETS = (("", ""), ("12", ""), ("", "12"), ("10-14", ""), ("20-27", ""))
DBM = -10.0


def lab(preset="field", lengths_km=LENGTHS_KM, candidates=(3,), **changes):
    """Return an instance of a lab: a link of each length, with one fibre for both directions."""
    links = [
        {"id": f"spool-{length:g}", "a": 0, "b": 1, "length_km": length} for length in lengths_km
    ]
    network = {"nodes": [{"id": 0}, {"id": 1}], "links": links}
    fields = {"name": "lab", "preset": preset, "network": network, **PRESETS[preset]()}
    instance = Instance.model_validate(fields, strict=False)
    power = {"launch_dbm": DBM, "receiver_sensitivity_dbm": None, "margin_db": 0}
    own = {"layout": "single"}
    return instance.replace(fibre=own, classical=power, qkd={"candidates": candidates}, **changes)


def with_values(instance, values):
    """Return the instance with some of the four parameters, the excess loss added."""
    qkd = instance.qkd
    return instance.replace(
        fibre={"raman_scale": values["raman_scale"]},
        qkd={
            "misalignment": values["misalignment"],
            "dark_count_per_gate": values["dark_counts"],
            "insertion_loss_db": qkd.insertion_loss_db + values["excess_loss"],
        },
    )


def true_numbers(instance, values, sets=SETS):
    """Return link, sets, key rate and QBER of every link beside every set of lit channels."""
    tables = build_tables(with_values(instance, values))
    rows = []
    for e, link in enumerate(instance.network.links):
        for co, counter in sets:
            noise = tables.background_noise[e, 0]
            for direction, text in enumerate((co, counter)):
                for lit in read_lit(text):
                    ratio = 1.0 if lit.launch_dbm is None else 10.0 ** ((lit.launch_dbm - DBM) / 10)
                    noise += tables.noise[e, direction, lit.channel, 0] * ratio
            eta = tables.transmittance[e, 0]
            numbers = tables.skr_bps(e, noise, eta), tables.qber(e, noise, eta)
            rows.append((link.id, co, counter, *numbers))
    return rows


def measured(
    instance, values=TRUTH, *, seed=None, skr=0.0, qber=0.0, sets=SETS, without=(), errors=False
):
    """Return measurements with relative scatter of key rates and QBERs.

    ``without`` names columns that were not measured; with ``errors`` standard errors are given.
    """
    generator = np.random.default_rng(seed)
    found = []
    for link, co, counter, true_rate, true_qber in true_numbers(instance, values, sets):
        noisy = 1.0 + np.array([skr, qber]) * generator.standard_normal(2)
        fields = {"skr_bps": float(true_rate * noisy[0]), "qber": float(true_qber * noisy[1])}
        if errors:
            fields["skr_bps_se"] = float(skr * true_rate) or None
            fields["qber_se"] = float(qber * true_qber)
        fields = {name: value for name, value in fields.items() if not name.startswith(without)}
        found.append(
            Measurement(
                link=link, channel=3, lit_co=read_lit(co), lit_counter=read_lit(counter), **fields
            )
        )
    return found
