"""Scenarios: what a design cannot know beforehand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qkdopt.instance import Instance, instance_of


@dataclass(frozen=True)
class Scenario:
    """One state of the world.

    Parameters
    ----------
    load_erlang
        Arrival rate x mean holding time.
    weight
        Share of it in a mean over scenarios; scaled to sum to 1.
    raman_scale, loss
        Factors on the instance's Raman scale and on the loss of every link.
    raman_profile
        ``gnpy`` or ``hollenbeck-cantrell``; None for the instance's own.
    name
        In tables.
    """

    load_erlang: float
    weight: float = 1.0
    raman_scale: float = 1.0
    loss: float = 1.0
    raman_profile: str | None = None
    name: str = ""

    @property
    def title(self) -> str:
        """Name, or load and what is special."""
        return self.name or ", ".join([f"{self.load_erlang:g} erlang", *self._special()])

    @property
    def title_without_load(self) -> str:
        """The same where there is no traffic."""
        return self.name or ", ".join(self._special()) or "the instance as it stands"

    def _special(self) -> list[str]:
        told = []
        if self.raman_scale != 1.0:
            told.append(f"Raman x{self.raman_scale:g}")
        if self.loss != 1.0:
            told.append(f"loss x{self.loss:g}")
        if self.raman_profile is not None:
            told.append(self.raman_profile)
        return told

    def applied_to(self, instance: Instance) -> Instance:
        """Return the instance in this state of the world.

        Raises
        ------
        InstanceError
            A factor leads out of the range of what it scales.
        """
        if self.raman_scale == 1.0 and self.loss == 1.0 and self.raman_profile is None:
            return instance
        data = instance.to_json_dict()
        fibre = data.setdefault("fibre", {})
        fibre["raman_scale"] = instance.fibre.raman_scale * self.raman_scale
        fibre["loss_db_per_km"] = instance.fibre.loss_db_per_km * self.loss
        if self.raman_profile is not None:
            fibre["raman_profile"] = self.raman_profile
        self._dim_all(data.setdefault("qkd", {}).get("candidates"))
        for link in data["network"]["links"]:
            self._dim(link)
            self._dim_all(link.get("candidates"))
        return instance_of(data, f"{instance.name} under {self.title}")

    def _dim_all(self, candidates: object) -> None:
        """Candidates off the grid may have a loss of their own."""
        if isinstance(candidates, list):
            for candidate in candidates:
                if isinstance(candidate, dict):
                    self._dim(candidate)

    def _dim(self, link: dict[str, Any]) -> None:
        for field in ("loss_db", "loss_db_per_km"):
            if link.get(field) is not None:
                link[field] *= self.loss
