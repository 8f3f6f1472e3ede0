"""Scenarios: uncertain load and hardware of a design."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qkdopt.instance import Instance, instance_of


@dataclass(frozen=True)
class Scenario:
    """One combination of load and hardware.

    Parameters
    ----------
    load_erlang
        Arrival rate x mean holding time.
    weight
        Weight in a mean over scenarios; scaled to sum 1.
    raman_scale, loss
        Factors on the instance's Raman scale and on the loss of every link.
    raman_profile
        ``gnpy`` or ``hollenbeck-cantrell``; None for the instance's own.
    name
        Name in tables; empty for a title by the values.
    """

    load_erlang: float
    weight: float = 1.0
    raman_scale: float = 1.0
    loss: float = 1.0
    raman_profile: str | None = None
    name: str = ""

    @property
    def title(self) -> str:
        """Return the name, or load and values that differ from the instance."""
        return self.name or ", ".join([f"{self.load_erlang:g} erlang", *self._special()])

    @property
    def title_without_load(self) -> str:
        """Return the title where there is no traffic."""
        return self.name or ", ".join(self._special()) or "the instance as it stands"

    def _special(self) -> list[str]:
        words = []
        if self.raman_scale != 1.0:
            words.append(f"Raman x{self.raman_scale:g}")
        if self.loss != 1.0:
            words.append(f"loss x{self.loss:g}")
        if self.raman_profile is not None:
            words.append(self.raman_profile)
        return words

    def applied_to(self, instance: Instance) -> Instance:
        """Return the instance under this scenario.

        Raises
        ------
        InstanceError
            A scaled value is out of range.
        """
        if self.raman_scale == 1.0 and self.loss == 1.0 and self.raman_profile is None:
            return instance
        data = instance.to_json_dict()
        fibre = data.setdefault("fibre", {})
        fibre["raman_scale"] = instance.fibre.raman_scale * self.raman_scale
        fibre["loss_db_per_km"] = instance.fibre.loss_db_per_km * self.loss
        if self.raman_profile is not None:
            fibre["raman_profile"] = self.raman_profile
        self._scale_losses(data.setdefault("qkd", {}).get("candidates"))
        for link in data["network"]["links"]:
            self._scale_loss(link)
            self._scale_losses(link.get("candidates"))
        return instance_of(data, f"{instance.name} under {self.title}")

    def _scale_losses(self, candidates: object) -> None:
        """Scale the losses that candidates off the grid name themselves."""
        if isinstance(candidates, list):
            for candidate in candidates:
                if isinstance(candidate, dict):
                    self._scale_loss(candidate)

    def _scale_loss(self, link: dict[str, Any]) -> None:
        for field in ("loss_db", "loss_db_per_km"):
            if link.get(field) is not None:
                link[field] *= self.loss
