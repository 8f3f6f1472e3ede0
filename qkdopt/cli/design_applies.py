"""Which options of ``qkdopt design`` apply to which question: none is taken without being used."""

from __future__ import annotations

from typing import Any

from qkdopt.errors import Faults

# Options by what they are for, with the values that stand for "not given".
OF_TRAFFIC: dict[str, Any] = {
    "load": None, "strategy": "ds-qkd", "policy": "bottleneck-harm", "order": "first-fit",
    "retune": "always", "requests": 1_000_000,
}  # fmt: skip
OF_DEMANDS: dict[str, Any] = {"assignments": 20}
OF_RANKING: dict[str, Any] = {
    "baseline": None, "also": None, "reserve": None, "receivers": None, "scenarios": None,
    "criterion": "mean", "quantile": 0.1, "launch": None, "sensitivity": None, "margin": None,
    "cap": None, "receiver_cost": 1.0, "transmitter_cost": 0.0, "fixed_transmitters": False,
    "workers": None, "scheduler": None,
}  # fmt: skip
OF_PROOF: dict[str, Any] = {"solver": "highs", "gap": 1e-3}
OF_TIME: dict[str, Any] = {"time_limit": 60.0}
OF_PROTECTION: dict[str, Any] = {"protect_set": None}


def refuse_what_does_not_apply(told: dict[str, Any]) -> None:
    """See to it that every option given is one that the question uses.

    Raises
    ------
    OptionsError
        With every option that is not.
    """
    faults = Faults()
    if told["protect"] is not None:
        faults.expect(
            told["method"] == "auto", "--method beside --protect; expected one of the two"
        )
        asked, others = "--protect", {**OF_TRAFFIC, **OF_DEMANDS, **OF_RANKING, **OF_PROOF}
    elif told["method"] == "exact":
        others = {**OF_TRAFFIC, **OF_DEMANDS, **OF_RANKING, **OF_PROTECTION}
        asked = "--method exact"
    else:
        others = {**OF_PROOF, **OF_TIME, **OF_PROTECTION}
        others |= OF_TRAFFIC if told["on"] == "demands" else OF_DEMANDS
        asked = f"a ranking on {told['on']}"
    for name, nothing in others.items():
        given = told[name] != nothing
        faults.expect(not given, f"--{name.replace('_', '-')} does not apply to {asked}")
    faults.stop("design")
