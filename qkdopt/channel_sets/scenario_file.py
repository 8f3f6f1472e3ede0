"""Scenarios from a TOML file: listed one by one, or every combination of factors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import product
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from qkdopt.channel_sets.scenario import Scenario
from qkdopt.errors import Faults, InstanceError
from qkdopt.instance import Instance
from qkdopt.instance.base import Part
from qkdopt.io import read_toml

Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
Profile = Literal["gnpy", "hollenbeck-cantrell"]
MAX_SCENARIOS = 100


class ScenarioSpec(Part):
    """One scenario; missing values are the instance's."""

    name: str = ""
    load_erlang: Positive | None = None
    weight: Positive = 1.0
    raman_scale: Positive = 1.0
    """Factor on the instance's Raman scale."""
    loss: Positive = 1.0
    """Factor on the loss of every link."""
    raman_profile: Profile | None = None
    """In place of the instance's own."""


class ScenarioFile(Part):
    """Scenarios listed, and every combination of the factors; at least one of both."""

    scenarios: tuple[ScenarioSpec, ...] = ()
    load_erlang: tuple[Positive, ...] = ()
    raman_scale: tuple[Positive, ...] = ()
    loss: tuple[Positive, ...] = ()
    raman_profile: tuple[Profile, ...] = ()

    def faults(self) -> Iterator[str]:
        """Yield missing, excess and repeated scenarios."""
        if not self.specs():
            yield (
                "no scenario; expected [[scenarios]], or lists load_erlang, raman_scale, loss, "
                "raman_profile"
            )
        if len(self.specs()) > MAX_SCENARIOS:
            yield f"{len(self.specs())} scenarios; expected at most {MAX_SCENARIOS}"
        for spec, times in Counter(self.specs()).items():
            if times > 1:
                yield f"a scenario is given {times} times ({spec!r}); expected once, with a weight"

    def specs(self) -> list[ScenarioSpec]:
        """Return the listed scenarios and the combinations."""
        lists = (self.load_erlang, self.raman_scale, self.loss, self.raman_profile)
        if not any(lists):
            return list(self.scenarios)
        combined = [
            ScenarioSpec(load_erlang=load, raman_scale=raman, loss=loss, raman_profile=profile)
            for load, raman, loss, profile in product(
                self.load_erlang or (None,), self.raman_scale or (1.0,), self.loss or (1.0,),
                self.raman_profile or (None,),
            )
        ]  # fmt: skip
        return [*self.scenarios, *combined]


def read_scenarios(path: Path, instance: Instance, load_erlang: float) -> tuple[Scenario, ...]:
    """Read the scenarios of a file.

    Parameters
    ----------
    path
        TOML file.
    instance
        Every scenario must be valid for it.
    load_erlang
        Load of scenarios that name none.

    Raises
    ------
    InstanceError
        With every fault of the file, or of the instance under one of its scenarios.
    """
    scenarios = tuple(
        Scenario(
            name=spec.name,
            load_erlang=load_erlang if spec.load_erlang is None else spec.load_erlang,
            weight=spec.weight,
            raman_scale=spec.raman_scale,
            loss=spec.loss,
            raman_profile=spec.raman_profile,
        )
        for spec in read_toml(path, ScenarioFile).specs()
    )
    faults = Faults()
    for scenario in scenarios:
        faults.attempt(partial(scenario.applied_to, instance))
    if faults.found:
        raise InstanceError(str(path), faults.found)
    return scenarios
