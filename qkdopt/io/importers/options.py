"""What a caller decides about an import; every field has a default that assumes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from qkdopt.errors import Faults
from qkdopt.instance import Candidate
from qkdopt.instance.generation import PRESETS

Lengths = Literal["file", "great-circle", "plane"]
ZeroLinks = Literal["refuse", "merge"]
Directions = Literal["auto", "merge", "keep"]
LENGTHS: tuple[Lengths, ...] = ("file", "great-circle", "plane")
ZERO_LINKS: tuple[ZeroLinks, ...] = ("refuse", "merge")
DIRECTIONS: tuple[Directions, ...] = ("auto", "merge", "keep")


@dataclass(frozen=True)
class ImportOptions:
    """Options of an import; :func:`qkdopt.import_network` says what each of them means."""

    preset: str = "paper"
    lengths: Lengths = "file"
    length_scale: float | None = None
    length_field: str | None = None
    zero_links: ZeroLinks = "refuse"
    directions: Directions = "auto"
    demands: int | None = None
    per_lightpath: float | None = None
    channels_per_demand: int = 1
    seed: int = 1
    channels: int | None = None
    candidates: Sequence[Candidate] | None = None
    reserve: Literal["working", "all"] = "working"
    layout: Literal["single", "pair"] | None = None
    launch_dbm: float | None = None
    k: int = 3
    route_order: Literal["km", "hops"] | None = None
    fibre_type: str | None = None
    load_erlang: float | None = None

    def validate(self) -> None:
        """Validate the options.

        Raises
        ------
        OptionsError
            With every option that is out of range or does not go with another.
        """
        faults = Faults()
        choices = (
            ("preset", self.preset, tuple(PRESETS)),
            ("lengths", self.lengths, LENGTHS),
            ("zero_links", self.zero_links, ZERO_LINKS),
            ("directions", self.directions, DIRECTIONS),
            ("route_order", self.route_order or "km", ("km", "hops")),
        )
        for name, value, among in choices:
            faults.expect(value in among, f"{name} = {value!r}; expected one of {', '.join(among)}")
        for name in ("length_scale", "per_lightpath"):
            value = getattr(self, name)
            faults.expect(
                value is None or 0.0 < value < float("inf"),
                f"{name} = {value}; expected more than 0",
            )
        faults.expect(
            self.demands is None or self.demands >= 0,
            f"demands = {self.demands}; expected 0 or more",
        )
        faults.expect(
            self.demands is None or self.per_lightpath is None,
            "demands (a number to draw) and per_lightpath (the file's own traffic, divided); "
            "expected one of them",
        )
        faults.expect(
            self.channels_per_demand >= 1,
            f"channels_per_demand = {self.channels_per_demand}; expected 1 or more",
        )
        faults.expect(self.seed >= 0, f"seed = {self.seed}; expected 0 or more")
        faults.expect(
            self.lengths != "plane" or self.length_scale is not None,
            "lengths = plane without length_scale; expected the km in one unit of the drawing",
        )
        faults.stop("import")
