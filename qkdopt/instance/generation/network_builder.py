"""A network built node by node and link by link, for those whose data are in Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

from pydantic import ValidationError

from qkdopt.errors import InstanceError, UsageError
from qkdopt.instance import (
    SHIPPED_FIBRES,
    Candidate,
    FibreType,
    Instance,
    NodeId,
    QkdSystem,
)
from qkdopt.instance.faults import fault_texts
from qkdopt.instance.generation.new import hardware_of
from qkdopt.instance.generation.presets import PRESETS


class NetworkBuilder:
    """A network under construction; :meth:`instance` validates all of it at once.

    Every method that adds something returns the network, so that calls can be chained.

    Parameters
    ----------
    name
        Name of the instance.
    source
        Where the topology comes from, and its licence.

    Examples
    --------
    >>> import qkdopt
    >>> network = qkdopt.Network("triangle")
    >>> for node in "ABC":
    ...     network = network.add_node(node)
    >>> network = network.add_link("A", "B", length_km=40.0).add_link("B", "C", length_km=25.0)
    >>> network = network.add_link("A", "C", length_km=50.0).add_demand("A", "C", channels=2)
    >>> instance = network.instance(preset="field", candidates=[3, 13])
    >>> len(instance.network.links), instance.demands[0].channels
    (3, 2)
    """

    def __init__(self, name: str, *, source: str = "") -> None:
        self.name = name
        self.source = source
        self._nodes: list[dict[str, Any]] = []
        self._links: list[dict[str, Any]] = []
        self._demands: list[dict[str, Any]] = []
        self._link_ids: set[str] = set()
        # Number with which the name of the next parallel link may end, by the ends of both.
        self._next_number: dict[str, int] = {}

    def add_node(
        self,
        node: NodeId,
        *,
        label: str = "",
        lat: float | None = None,
        lon: float | None = None,
    ) -> Self:
        """Add a node.

        Parameters
        ----------
        node
            Its id, a number or a text.
        label
            Name to show.
        lat, lon
            Latitude and longitude [degree], for drawing; None where they are not known.
        """
        self._nodes.append(_given({"id": node, "label": label, "lat": lat, "lon": lon}))
        return self

    def add_link(
        self,
        a: NodeId,
        b: NodeId,
        *,
        length_km: float,
        link_id: str | None = None,
        loss_db: float | None = None,
        loss_db_per_km: float | None = None,
        fibre: str | None = None,
        launch_dbm: float | None = None,
        qkd: bool = True,
        candidates: Sequence[Candidate] | None = None,
        qkd_direction: Literal["a->b", "b->a"] = "a->b",
        qkd_system: str | None = None,
    ) -> Self:
        """Add a link; several links may join the same two nodes.

        Parameters
        ----------
        a, b
            Ids of the nodes that it joins; their order is that of ``qkd_direction``.
        length_km
            Length of the fibre [km].
        link_id
            Id of the link; None for ``a-b``, with a number after it where that is taken.
        loss_db, loss_db_per_km
            Measured loss of the whole link [dB], or per kilometre; at most one of them, None for
            the fibre's own.
        fibre
            Type of the fibre: one of ``SHIPPED_FIBRES``, or one given to :meth:`instance`; None for
            the network's.
        launch_dbm
            Classical power per channel [dBm]; None for that of the instance.
        qkd
            Whether the link runs QKD.
        candidates
            Candidate QKD channels of this link; None for those of the instance.
        qkd_direction
            The way the quantum signal travels.
        qkd_system
            QKD system of this link, one of those given to :meth:`instance`; None for what the
            instance's ``qkd`` says.
        """
        name = self._link_id(a, b) if link_id is None else link_id
        self._link_ids.add(name)
        self._links.append(
            {"id": name, "qkd": qkd}
            | _given(
                {
                    "a": a,
                    "b": b,
                    "length_km": length_km,
                    "loss_db": loss_db,
                    "loss_db_per_km": loss_db_per_km,
                    "fibre": fibre,
                    "launch_dbm": launch_dbm,
                    "candidates": None if candidates is None else list(candidates),
                    "qkd_direction": qkd_direction,
                    "qkd_system": qkd_system,
                }
            )
        )
        return self

    def add_demand(
        self,
        source: NodeId,
        target: NodeId,
        *,
        channels: int = 1,
        min_skr_bps: float | None = None,
        demand_id: NodeId | None = None,
    ) -> Self:
        """Add a demand.

        Parameters
        ----------
        source, target
            Ids of its ends.
        channels
            Number of lightpaths.
        min_skr_bps
            Least key rate [bit/s] with which it is served; None for no such limit.
        demand_id
            Id of the demand; None for its number, from 0.
        """
        number = len(self._demands) if demand_id is None else demand_id
        self._demands.append(
            _given(
                {
                    "id": number,
                    "source": source,
                    "target": target,
                    "channels": channels,
                    "min_skr_bps": min_skr_bps,
                }
            )
        )
        return self

    def instance(
        self,
        *,
        preset: str = "paper",
        channels: int | None = None,
        candidates: Sequence[Candidate] | None = None,
        reserve: Literal["working", "all"] = "working",
        layout: Literal["single", "pair"] | None = None,
        launch_dbm: float | None = None,
        k: int = 3,
        route_order: Literal["km", "hops"] | None = None,
        fibres: Sequence[FibreType] = (),
        qkd_systems: Sequence[QkdSystem] = (),
        load_erlang: float | None = None,
        description: str = "",
    ) -> Instance:
        """Return the instance, validated; what a preset does not say is changed by ``replace``.

        Parameters
        ----------
        preset
            Name of the hardware's values, see ``qkdopt instance presets``.
        channels
            Channels of the grid; None for the preset's.
        candidates
            Candidate QKD channels of every link without its own; None for all.
        reserve
            Whether all candidates stay dark, or the working channel alone.
        layout
            One fibre for both directions, or a pair; None for the preset's.
        launch_dbm
            Classical power per channel [dBm]; None for the preset's.
        k, route_order
            Number of candidate routes of a demand, and what is shortest: ``km`` (the default) or
            ``hops``.
        fibres
            Fibre types that links name, beside those of ``SHIPPED_FIBRES``.
        qkd_systems
            QKD systems that links name.
        load_erlang
            Offered load of dynamic traffic [erlang]; None for no traffic.
        description
            Text that goes with the instance.

        Raises
        ------
        UsageError
            An unknown preset.
        InstanceError
            With every rule that the network breaks.
        """
        if preset not in PRESETS:
            raise UsageError(f"preset = {preset!r}; expected one of {', '.join(PRESETS)}")
        network = {"nodes": self._nodes, "links": self._links, "source": self.source}
        data: dict[str, Any] = {
            "name": self.name,
            "description": description,
            "preset": preset,
            "network": network,
            "fibres": self._fibres(fibres),
            "qkd_systems": tuple(qkd_systems) or None,
            "routes": _given({"k": k, "order": route_order}),
            "demands": self._demands,
            "traffic": None if load_erlang is None else {"load_erlang": load_erlang},
        }
        try:
            data |= hardware_of(preset, channels, candidates, reserve, layout, launch_dbm)
            return Instance.model_validate(data, strict=False)
        except ValidationError as error:
            raise InstanceError(self.name, list(fault_texts(error, data, Instance))) from None

    def _fibres(self, own: Sequence[FibreType]) -> tuple[FibreType, ...] | None:
        """Return the types that links name, own ones first; None where they name none."""
        named = {link.get("fibre") for link in self._links}
        known = {fibre.id for fibre in own}
        shipped = [row for row in SHIPPED_FIBRES if row.id in named and row.id not in known]
        return (*own, *shipped) or None

    def _link_id(self, a: NodeId, b: NodeId) -> str:
        name = pair = f"{a}-{b}"
        number = self._next_number.get(pair, 2)
        while name in self._link_ids:
            name, number = f"{pair}-{number}", number + 1
        self._next_number[pair] = number
        return name


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what was not given: the schema's own defaults stand for it."""
    return {name: value for name, value in fields.items() if value is not None}
