"""The instance: everything a plan is computed from, validated and frozen."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from qkdopt.errors import InstanceError
from qkdopt.instance.base import HIGHEST_POWER_DBM, Index, Part, merged
from qkdopt.instance.demands import Demand, Routes, Traffic
from qkdopt.instance.faults import fault_texts
from qkdopt.instance.fibres import FibreType, validate_fibres
from qkdopt.instance.given_routes import validate_given_routes
from qkdopt.instance.hardware import Classical, Fibre, Grid, OtherNoise
from qkdopt.instance.in_place import (
    InPlaceChannel,
    InPlaceLightpath,
    links_along,
    unavailable_on,
)
from qkdopt.instance.in_place_faults import in_place_faults
from qkdopt.instance.key_needs import need_faults
from qkdopt.instance.measured import validate_measured
from qkdopt.instance.mixing import mixing_warnings
from qkdopt.instance.network import Candidate, Link, Network, OffGridCandidate
from qkdopt.instance.qkd_systems import QkdSystem, unused_systems, validate_qkd_systems
from qkdopt.instance.quantum import Qkd
from qkdopt.runtime.files import write_json_whole

SCHEMA: Literal["qkdopt/instance/1"] = "qkdopt/instance/1"

# Fields that came to the schema later, each with its value in every instance from before.
HASHED_WHERE_CHANGED = (("qkd", "yields", "paper"), ("qkd", "key_accounting", "per-demand"))


class _Keep(Enum):
    """What stands for a field that is not changed; None is a value of some."""

    KEEP = "keep"


KEEP = _Keep.KEEP
# Some fields of a part, the others as they are.
Fields = Mapping[str, object]
# Some demands by id, the others as they are; None takes one away.
DemandsById = Mapping[Any, Demand | Fields | None]
# Some fibre types by id, the others as they are; None takes one away.
FibresById = Mapping[Any, FibreType | Fields | None]
# Some QKD systems by id, the others as they are; None takes one away.
SystemsById = Mapping[Any, QkdSystem | Fields | None]


class Instance(Part):
    """A network, its hardware and its demands (schema ``qkdopt/instance/1``)."""

    schema_version: Annotated[Literal["qkdopt/instance/1"], Field(alias="schema")] = SCHEMA
    name: Annotated[str, Field(min_length=1)]
    description: str = ""
    preset: str | None = None
    """Name of the preset the hardware values come from; it sets none of them. Every result repeats
    it, and says what differs."""
    network: Network
    grid: Grid = Grid()
    fibre: Fibre = Fibre()
    fibres: tuple[FibreType, ...] | None = None
    """Fibre types that links name; links without one have ``fibre``."""
    classical: Classical
    other_noise: OtherNoise = OtherNoise()
    qkd: Qkd = Qkd()
    qkd_systems: tuple[QkdSystem, ...] | None = None
    """QKD systems that links name; links without one have what ``qkd`` says."""
    routes: Routes = Routes()
    demands: tuple[Demand, ...] = ()
    traffic: Traffic | None = None
    lightpaths: tuple[InPlaceLightpath, ...] | None = None
    """Light that is in place already: of demands, and foreign (``docs/brownfield.md``)."""
    moves_limit: Index | None = None
    """How many movable demands may be given another route or channel; any number where not
    given."""

    @property
    def load_erlang(self) -> float:
        """Offered load of dynamic traffic [erlang]: of the traffic block, or its default."""
        return (self.traffic or Traffic()).load_erlang

    def candidates_of(self, link: Link) -> tuple[Candidate, ...]:
        """Candidate QKD channels of a link, in the file's order; none without QKD.

        One with light in its guard band that stays in place is no candidate; with ``reserve =
        all`` one with any light in place there.
        """
        if not link.qkd:
            return ()
        if link.candidates is not None:
            listed = link.candidates
        elif self.qkd.candidates == "all":
            listed = tuple(range(self.grid.channels))
        else:
            listed = self.qkd.candidates
        lit = self.in_place_in_quantum_fibre(link, movable=self.qkd.reserve == "all")
        return tuple(c for c in listed if not any(self.is_dark_near(w, c) for w in lit))

    def in_place_in_quantum_fibre(self, link: Link, *, movable: bool) -> list[int]:
        """Channels of light in place in the fibre of a link's quantum signal.

        Parameters
        ----------
        link
            The link.
        movable
            Whether light that may be moved counts too.
        """
        along = link.qkd_direction == "a->b"
        return [
            row.channel
            for row in self.light_in_place(link)
            if (movable or not row.lightpath.movable)
            and (self.fibre.layout == "single" or row.from_a == along)
        ]

    def light_in_place(self, link: Link) -> tuple[InPlaceChannel, ...]:
        """Lit channels of all light in place on a link, in the file's order."""
        return self._light_by_link.get(link.id, ())

    @cached_property
    def _light_by_link(self) -> dict[str, tuple[InPlaceChannel, ...]]:
        rows: dict[str, list[InPlaceChannel]] = {}
        for lightpath in self.lightpaths or ():
            along = links_along(self.network, lightpath) or ()
            for link, start in zip(along, lightpath.route, strict=False):
                rows.setdefault(link.id, []).extend(
                    InPlaceChannel(channel, start == link.a, lightpath.launch_dbm, lightpath)
                    for channel in lightpath.channels
                )
        return {name: tuple(found) for name, found in rows.items()}

    def unavailable_channels(self, link: Link) -> tuple[frozenset[int], frozenset[int]]:
        """Channels of a link that no new light may use, a -> b and b -> a."""
        grid = tuple(self.grid.frequency_thz(w) for w in range(self.grid.channels))
        return unavailable_on(link, grid)

    def pool_bits(self, link: Link) -> float:
        """Key that a link can store [bit]: its own, or the network's; 0 without QKD."""
        own = self.qkd.pool_bits if link.pool_bits is None else link.pool_bits
        return own or 0.0 if link.qkd else 0.0

    def qkd_of(self, link: Link) -> Qkd:
        """QKD of a link: what ``qkd`` says, with what the link's own system has in its place."""
        return self.qkd if link.qkd_system is None else self._qkd_by_system[link.qkd_system]

    def qkd_in_use(self) -> tuple[Qkd, ...]:
        """QKD of the links that run it, each that differs once; the network's where none does."""
        found: list[Qkd] = []
        for link in self.network.links:
            if link.qkd and (own := self.qkd_of(link)) not in found:
                found.append(own)
        return tuple(found) or (self.qkd,)

    def __copy__(self) -> Instance:
        """Return a copy that derives again what is kept here: it is copied to be changed."""
        copied = super().__copy__()
        for name, value in vars(Instance).items():
            if isinstance(value, cached_property):
                copied.__dict__.pop(name, None)
        return copied

    @cached_property
    def _qkd_by_system(self) -> dict[str, Qkd]:
        return {system.id: system.in_place_in(self.qkd) for system in self.qkd_systems or ()}

    def candidate_thz(self, candidate: Candidate) -> float:
        """Centre frequency [THz] of a candidate."""
        if isinstance(candidate, int):
            return self.grid.frequency_thz(candidate)
        return candidate.frequency_thz

    def loss_db(self, link: Link) -> float:
        """Loss [dB] of a link at the classical channels: measured, or length x fibre loss."""
        if link.loss_db is not None:
            return link.loss_db
        per_km = link.loss_db_per_km
        return link.length_km * (self.fibre_loss_db_per_km(link) if per_km is None else per_km)

    def fibre_type(self, link: Link) -> FibreType | None:
        """Fibre type that a link names; None for the network's fibre."""
        if link.fibre is None:
            return None
        return next(fibre for fibre in self.fibres or () if fibre.id == link.fibre)

    def fibre_loss_db_per_km(self, link: Link) -> float:
        """Loss [dB/km] of a link's fibre, whatever was measured on the link."""
        own = self.fibre_type(link)
        if own is None or own.loss_db_per_km is None:
            return self.fibre.loss_db_per_km
        return own.loss_db_per_km

    def raman_scale(self, link: Link) -> float:
        """Factor on the Raman cross-section of a link's fibre."""
        own = self.fibre_type(link)
        return self.fibre.raman_scale * (1.0 if own is None else own.raman_ratio)

    def effective_area_um2(self, link: Link) -> float:
        """Effective area [um^2] of a link's fibre."""
        own = self.fibre_type(link)
        if own is None or own.effective_area_um2 is None:
            return self.fibre.effective_area_um2
        return own.effective_area_um2

    def candidate_loss_db(self, link: Link, candidate: Candidate) -> float:
        """Loss [dB] of a link at a candidate, the receiver's insertion loss not counted."""
        ratio = 1.0
        if isinstance(candidate, OffGridCandidate) and candidate.loss_db_per_km is not None:
            ratio = candidate.loss_db_per_km / self.fibre_loss_db_per_km(link)
        return self.loss_db(link) * ratio

    def is_dark_near(self, channel: int, candidate: Candidate) -> bool:
        """Whether a classical channel lies in the guard band of a reserved candidate.

        The band has the full width ``guard_ghz``; a channel on its very edge may be lit.
        The candidate's own grid channel is always dark.
        """
        distance_ghz = 1e3 * abs(self.grid.frequency_thz(channel) - self.candidate_thz(candidate))
        half_width = max(self.qkd.guard_ghz, self.grid.spacing_ghz) / 2.0
        return distance_ghz < half_width - 1e-6

    def warnings(self) -> Iterator[str]:
        """Yield what is allowed and seldom meant."""
        yield from self.grid.warnings()
        yield from mixing_warnings(self)
        yield from unused_systems(self)

    def faults(self) -> Iterator[str]:
        """Yield each broken rule between the parts."""
        unknown = [*validate_fibres(self), *validate_qkd_systems(self)]
        yield from unknown
        yield from validate_given_routes(self)
        yield from self._demand_faults()
        yield from need_faults(self)
        yield from self._traffic_faults()
        yield from self._candidate_faults()
        if unknown:
            return  # what follows needs every link's loss and key rate
        yield from in_place_faults(self)
        yield from validate_measured(self)
        yield from self._launch_faults()

    def _launch_faults(self) -> Iterator[str]:
        """Yield one fault that names the links whose receivers ask for an impossible power."""
        classical = self.classical
        sensitivity_dbm = classical.receiver_sensitivity_dbm
        if sensitivity_dbm is None:
            return
        required_dbm = {
            link.id: sensitivity_dbm + self.loss_db(link) + classical.margin_db
            for link in self.network.links
            if link.qkd and link.launch_dbm is None
        }
        beyond = [name for name, power_dbm in required_dbm.items() if power_dbm > HIGHEST_POWER_DBM]
        if beyond:
            first = beyond[0]
            more = f" and {len(beyond) - 1} more links" if len(beyond) > 1 else ""
            yield (
                f"classical: receiver_sensitivity_dbm = {sensitivity_dbm:g} plus loss and margin "
                f"is {required_dbm[first]:.4g} dBm at link {first}{more}; expected at most "
                f"{HIGHEST_POWER_DBM:g} dBm (lengths not scaled, or an amplified link, which "
                "needs a launch_dbm of its own?)"
            )

    def _demand_faults(self) -> Iterator[str]:
        known = {node.id for node in self.network.nodes}
        for demand_id, times in Counter(demand.id for demand in self.demands).items():
            if times > 1:
                yield f"demands: id {demand_id!r} is given {times} times; expected once"
        for demand in self.demands:
            for end, node in (("source", demand.source), ("target", demand.target)):
                if node not in known:
                    yield (
                        f"demands: {demand.id!r}.{end} = {node!r}; expected the id of a node "
                        "(a number given as text, or a label in place of an id?)"
                    )
            if demand.channels > self.grid.channels:
                yield (
                    f"demands: {demand.id!r}.channels = {demand.channels}; expected at most the "
                    f"grid's {self.grid.channels}"
                )

    def _traffic_faults(self) -> Iterator[str]:
        if self.traffic is None:
            return
        known = {node.id for node in self.network.nodes}
        for pair in self.traffic.matrix or ():
            for node in (pair.source, pair.target):
                if node not in known:
                    yield f"traffic.matrix: {node!r}; expected the id of a node"
        for width in self.traffic.widths or ():
            if width.channels > self.grid.channels:
                yield (
                    f"traffic.widths: channels = {width.channels}; expected at most the grid's "
                    f"{self.grid.channels}"
                )

    def _candidate_faults(self) -> Iterator[str]:
        shared = () if self.qkd.candidates == "all" else self.qkd.candidates
        own = [(f"link {link.id}", link.candidates or ()) for link in self.network.links]
        bad = False
        for where, candidates in [("qkd", shared), *own]:
            for fault in self._set_faults(where, candidates):
                bad = True
                yield fault
        if not bad:
            yield from self._reserve_faults()

    def _set_faults(self, where: str, candidates: tuple[Candidate, ...]) -> Iterator[str]:
        for candidate in candidates:
            if isinstance(candidate, int) and candidate >= self.grid.channels:
                yield (
                    f"{where}.candidates: {candidate}; expected a channel from 0 to "
                    f"{self.grid.channels - 1} (numbered from 1, or a frequency?)"
                )
        if len({self.candidate_thz(c) for c in candidates}) < len(candidates):
            yield f"{where}.candidates: the same channel twice; expected each once"

    def _reserve_faults(self) -> Iterator[str]:
        """Yield one fault that names the links where reserving leaves no classical channel."""
        dark = [link.id for link in self.network.links if not self._carries_light(link)]
        if dark:
            where = f"link {dark[0]}" if len(dark) == 1 else f"links {', '.join(dark)}"
            yield (
                f"{where}: reserving {self.qkd.reserve} candidates with guard_ghz = "
                f"{self.qkd.guard_ghz:g} leaves none of {self.grid.channels} channels for "
                "classical light; expected at least one"
            )

    def _carries_light(self, link: Link) -> bool:
        candidates = self.candidates_of(link)
        if not candidates:
            return True
        groups = [candidates] if self.qkd.reserve == "all" else [(c,) for c in candidates]
        return any(self._leaves_a_channel(group) for group in groups)

    def _leaves_a_channel(self, reserved: tuple[Candidate, ...]) -> bool:
        return any(
            not any(self.is_dark_near(channel, c) for c in reserved)
            for channel in range(self.grid.channels)
        )

    def replace(
        self,
        *,
        name: str | _Keep = KEEP,
        description: str | _Keep = KEEP,
        preset: str | _Keep | None = KEEP,
        network: Network | Fields | _Keep = KEEP,
        grid: Grid | Fields | _Keep = KEEP,
        fibre: Fibre | Fields | _Keep = KEEP,
        fibres: Iterable[FibreType | Fields] | FibresById | _Keep | None = KEEP,
        classical: Classical | Fields | _Keep = KEEP,
        other_noise: OtherNoise | Fields | _Keep = KEEP,
        qkd: Qkd | Fields | _Keep = KEEP,
        qkd_systems: Iterable[QkdSystem | Fields] | SystemsById | _Keep | None = KEEP,
        routes: Routes | Fields | _Keep = KEEP,
        demands: Iterable[Demand | Fields] | DemandsById | _Keep = KEEP,
        traffic: Traffic | Fields | _Keep | None = KEEP,
        lightpaths: Iterable[InPlaceLightpath | Fields] | _Keep | None = KEEP,
        moves_limit: int | _Keep | None = KEEP,
        where: str | None = None,
    ) -> Instance:
        """Return the instance with some of its data changed, validated as a whole.

        A mapping changes those fields of a part and leaves its others, at any depth; for demands,
        links and nodes a mapping by id changes those rows and leaves the others, and None takes a
        row away. Anything else takes the place of what was there.

        Parameters
        ----------
        name, description, preset
            Name, text and the preset that the instance names; None for no preset.
        network, grid, fibre, classical, other_noise, qkd, routes
            Parts of the instance.
        fibres
            All fibre types, or changes of some by id; None for none.
        qkd_systems
            All QKD systems, or changes of some by id; None for none.
        demands
            All demands, or changes of some by id.
        traffic
            Dynamic traffic; None for none.
        lightpaths, moves_limit
            Light in place, and how many demands may be moved; None for none, and for any number.
        where
            What an error calls the changed instance; None for its name.

        Raises
        ------
        InstanceError
            With every rule that the changed instance breaks.

        Examples
        --------
        >>> import qkdopt
        >>> instance = qkdopt.new_instance("ten", topology="nsfnet", demands=10, seed=1)
        >>> instance.replace(qkd={"candidates": [3, 13]}, name="two candidates").qkd.candidates
        (3, 13)
        >>> first, *_ = instance.network.links
        >>> cut = instance.replace(network={"links": {first.id: None}})
        >>> len(instance.network.links) - len(cut.network.links)
        1
        """
        given = {
            "name": name,
            "description": description,
            "preset": preset,
            "network": network,
            "grid": grid,
            "fibre": fibre,
            "fibres": fibres,
            "classical": classical,
            "other_noise": other_noise,
            "qkd": qkd,
            "qkd_systems": qkd_systems,
            "routes": routes,
            "demands": demands,
            "traffic": traffic,
            "lightpaths": lightpaths,
            "moves_limit": moves_limit,
        }
        fields: dict[str, Any] = {part: getattr(self, part) for part in given}
        faults: list[str] = []
        for part, value in given.items():
            if value is not KEEP:
                fields[part] = merged(part, fields[part], value, faults)
        try:
            changed = Instance.model_validate(fields, strict=False)
        except ValidationError as error:
            faults += fault_texts(error, fields, Instance)
        if faults:
            raise InstanceError(where or f"{fields['name']}, changed", faults)
        return changed

    def save(self, path: str | Path) -> None:
        """Write the instance to a JSON file, whole or not at all.

        Raises
        ------
        OutputError
            The file cannot be written.
        """
        write_json_whole(path, self.to_json_dict())

    def to_json_dict(self) -> dict[str, Any]:
        """Plain data of this instance, defaults left out, for writing and hashing."""
        data: dict[str, Any] = self.model_dump(mode="json", exclude_defaults=True)
        return {"schema": SCHEMA, **data}

    def sha256(self) -> str:
        """Hash of the canonical form: the same for every spelling of the same instance.

        What is not given is left out, so that an optional field new to the schema changes no
        hash; a field with a value where it is not given is left out at that value.
        """
        return self._sha256

    @cached_property
    def _sha256(self) -> str:
        data = self.model_dump(mode="json", exclude_none=True)
        for part, name, value in HASHED_WHERE_CHANGED:
            if data[part][name] == value:
                del data[part][name]
        canonical = json.dumps(data, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()
