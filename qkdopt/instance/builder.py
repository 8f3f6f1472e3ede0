"""An instance put together piece by piece: nodes, links and demands are added one by one."""

from __future__ import annotations

from typing import Any, Self

from qkdopt.instance.base import NodeId
from qkdopt.instance.changing import instance_of
from qkdopt.instance.model import Instance


class NetworkBuilder:
    """Collects nodes, links and demands; :meth:`instance` validates them together.

    Nothing is checked while pieces are added, so that one error names every fault.

    Parameters
    ----------
    name
        Of the instance.
    source
        Where the topology comes from, and its licence.

    Examples
    --------
    >>> from qkdopt import Network
    >>> network = Network("triangle")
    >>> network = network.add_node("A").add_node("B").add_node("C")
    >>> network = network.add_link("A", "B", length_km=10.0).add_link("B", "C", length_km=12.5)
    >>> instance = network.add_demand("A", "C").instance(classical={"launch_dbm": -10.0})
    >>> [link.id for link in instance.network.links]
    ['A-B', 'B-C']
    """

    def __init__(self, name: str, *, source: str = "") -> None:
        self._name = name
        self._source = source
        self._nodes: list[dict[str, Any]] = []
        self._links: list[dict[str, Any]] = []
        self._demands: list[dict[str, Any]] = []

    def add_node(
        self, node: NodeId, *, label: str = "", lat: float | None = None, lon: float | None = None
    ) -> Self:
        """Add a node.

        Parameters
        ----------
        node
            Its id, a number or a text.
        label
            Its name in figures.
        lat, lon
            Its place [degree], for figures only.
        """
        self._nodes.append(_given(id=node, label=label, lat=lat, lon=lon))
        return self

    def add_link(
        self,
        a: NodeId,
        b: NodeId,
        *,
        length_km: float,
        link: str | None = None,
        loss_db: float | None = None,
        loss_db_per_km: float | None = None,
        launch_dbm: float | None = None,
        qkd: bool = True,
    ) -> Self:
        """Add a link; its quantum signal travels from ``a`` to ``b``.

        Parameters
        ----------
        a, b
            Ids of the nodes it joins.
        length_km
            Length [km].
        link
            Its id; ``a-b`` by default, so a parallel link needs an id of its own.
        loss_db, loss_db_per_km
            Measured loss [dB] or [dB/km], at most one; the fibre's own by default.
        launch_dbm
            Classical power per channel [dBm]; the instance's own by default.
        qkd
            Whether QKD runs here.
        """
        name = f"{a}-{b}" if link is None else link
        self._links.append(
            _given(
                id=name,
                a=a,
                b=b,
                length_km=length_km,
                loss_db=loss_db,
                loss_db_per_km=loss_db_per_km,
                launch_dbm=launch_dbm,
                qkd=qkd,
            )
        )
        return self

    def add_demand(
        self,
        source: NodeId,
        target: NodeId,
        *,
        demand: NodeId | None = None,
        channels: int = 1,
        min_skr_bps: float | None = None,
    ) -> Self:
        """Add a demand.

        Parameters
        ----------
        source, target
            Ids of its nodes.
        demand
            Its id; the number of demands added before it by default.
        channels
            Lightpaths, all on one route.
        min_skr_bps
            Minimum key rate [bit/s]; none by default.
        """
        name = len(self._demands) if demand is None else demand
        self._demands.append(
            _given(
                id=name, source=source, target=target, channels=channels, min_skr_bps=min_skr_bps
            )
        )
        return self

    def instance(
        self,
        *,
        classical: dict[str, Any],
        grid: dict[str, Any] | None = None,
        fibre: dict[str, Any] | None = None,
        other_noise: dict[str, Any] | None = None,
        qkd: dict[str, Any] | None = None,
        routes: dict[str, Any] | None = None,
        description: str = "",
    ) -> Instance:
        """Return the validated instance.

        Parameters
        ----------
        classical, grid, fibre, other_noise, qkd, routes
            Fields of these parts, as in an instance file; their defaults where not given.
        description
            Of the instance.

        Raises
        ------
        InstanceError
            With every fault of nodes, links, demands and hardware.
        """
        network = {"nodes": self._nodes, "links": self._links, "source": self._source}
        data = _given(
            name=self._name,
            description=description,
            network=network,
            demands=self._demands,
            classical=classical,
            grid=grid,
            fibre=fibre,
            other_noise=other_noise,
            qkd=qkd,
            routes=routes,
        )
        return instance_of(data, self._name)


def _given(**fields: Any) -> dict[str, Any]:
    """Leave out what was not given, so that the schema's own defaults hold."""
    return {name: value for name, value in fields.items() if value is not None}
