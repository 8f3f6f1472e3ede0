"""Settings of a comparison, as a TOML file: limits for all, options of single solvers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field

from qkdopt.adapters import ADAPTERS, Setting
from qkdopt.instance.base import Part
from qkdopt.io import read_toml
from qkdopt.optimize.options import FORMULATIONS

Name = Annotated[str, Field(min_length=1)]


class SolverSetting(Part):
    """One option of one solver that is not at the solver's default."""

    name: Name
    """Name of the option in the solver."""
    value: Setting
    reason: Name
    """Reason why it is set."""


class Profile(Part):
    """Settings of every solver of a comparison."""

    name: Name = "default"
    seconds: Annotated[float, Field(gt=0.0)] = 60.0
    """Time limit of a run, building the model included."""
    gap: Annotated[float, Field(ge=0.0, lt=1.0)] = 1e-3
    """Relative gap at which a run is done."""
    linearisation: Annotated[float, Field(gt=0.0, lt=1.0)] | None = None
    """Largest relative error of the linearised key rate; by default a share of the gap."""
    threads: Annotated[int, Field(ge=1)] = 1
    seed: int = 0
    formulations: Annotated[tuple[str, ...], Field(min_length=1)] = ("joint",)
    options: dict[str, tuple[SolverSetting, ...]] = Field(default_factory=dict)
    """By solver."""

    def faults(self) -> Iterator[str]:
        """Yield unknown formulations and solvers."""
        for name in self.formulations:
            if name not in FORMULATIONS:
                yield f"formulations: {name!r}; expected one of {', '.join(FORMULATIONS)}"
        if self.linearisation is not None and self.linearisation >= self.gap:
            yield (
                f"linearisation = {self.linearisation:g}; expected less than the gap "
                f"{self.gap:g}, of which it is a part"
            )
        for name in self.options:
            if name not in ADAPTERS:
                yield f"options.{name}: unknown solver; expected one of {', '.join(ADAPTERS)}"

    def settings_of(self, solver: str) -> dict[str, Setting]:
        """Return a solver's options that are not at its defaults."""
        return {setting.name: setting.value for setting in self.options.get(solver, ())}


def read_profile(path: str | Path) -> Profile:
    """Read and validate a profile.

    Raises
    ------
    InstanceError
        With every fault of the file.
    """
    return read_toml(path, Profile)
