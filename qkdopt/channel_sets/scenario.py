"""Scenarios: uncertain load and hardware of a design."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qkdopt.instance import Candidate, Instance, Link, OffGridCandidate


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
        fibre: dict[str, object] = {
            "raman_scale": instance.fibre.raman_scale * self.raman_scale,
            "loss_db_per_km": instance.fibre.loss_db_per_km * self.loss,
        }
        if self.raman_profile is not None:
            fibre["raman_profile"] = self.raman_profile
        shared = instance.qkd.candidates
        return instance.replace(
            fibre=fibre,
            qkd={"candidates": shared if shared == "all" else self._scaled_candidates(shared)},
            network={"links": {link.id: self._scaled(link) for link in instance.network.links}},
            where=f"{instance.name} under {self.title}",
        )

    def _scaled(self, link: Link) -> dict[str, object]:
        """Return the fields of a link that depend on the loss."""
        own = link.candidates
        return {
            "loss_db": self._scaled_loss(link.loss_db),
            "loss_db_per_km": self._scaled_loss(link.loss_db_per_km),
            "candidates": None if own is None else self._scaled_candidates(own),
        }

    def _scaled_candidates(self, candidates: Sequence[Candidate]) -> list[object]:
        """Scale the losses that candidates off the grid name themselves."""
        return [
            {
                "frequency_thz": candidate.frequency_thz,
                "loss_db_per_km": self._scaled_loss(candidate.loss_db_per_km),
            }
            if isinstance(candidate, OffGridCandidate)
            else candidate
            for candidate in candidates
        ]

    def _scaled_loss(self, loss: float | None) -> float | None:
        return None if loss is None else loss * self.loss
