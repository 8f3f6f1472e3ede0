"""Import a network of any format that is read, as an instance."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from qkdopt.instance import Candidate, Instance
from qkdopt.io.importers.content import STDIN
from qkdopt.io.importers.conversion import instance_of
from qkdopt.io.importers.options import Directions, ImportOptions, Lengths, ZeroLinks
from qkdopt.io.importers.report import ImportReport
from qkdopt.io.importers.sources import read_draft


class ImportedNetwork(NamedTuple):
    """An instance, and the account of how it came from its source."""

    instance: Instance
    report: ImportReport


def import_network(
    source: str | Path,
    *,
    name: str | None = None,
    file_format: str | None = None,
    encoding: str | None = None,
    nodes: str | Path | None = None,
    demands_file: str | Path | None = None,
    fibres: str | Path | None = None,
    qkd_systems: str | Path | None = None,
    demands: int | None = None,
    per_lightpath: float | None = None,
    channels_per_demand: int = 1,
    seed: int = 1,
    lengths: Lengths = "file",
    length_scale: float | None = None,
    length_field: str | None = None,
    zero_links: ZeroLinks = "refuse",
    directions: Directions = "auto",
    preset: str = "paper",
    channels: int | None = None,
    candidates: Sequence[Candidate] | None = None,
    reserve: Literal["working", "all"] = "working",
    layout: Literal["single", "pair"] | None = None,
    launch_dbm: float | None = None,
    k: int = 3,
    route_order: Literal["km", "hops"] | None = None,
    fibre_type: str | None = None,
    load_erlang: float | None = None,
) -> ImportedNetwork:
    r"""Read a network of one of many formats and make an instance of it.

    The content decides the format: CSV, XLSX, GraphML, GML, node-link JSON, GNPy JSON, SNDlib
    (native, XML), Net2Plan, or a name of TopoHub such as ``sndlib/polska``.

    Parameters
    ----------
    source
        A file, a folder with ``links.csv``, ``-`` for standard input, or a name of TopoHub.
    name
        Of the instance; None for that of the source.
    file_format
        Name of the format; None where the content decides.
    encoding
        Of text; None for UTF-8.
    nodes, demands_file
        Files of nodes (CSV, beside a table of links) and demands (CSV, or services of GNPy).
    qkd_systems
        File of QKD systems that links name: a JSON list, or an instance that has them.
    fibres
        File of fibre types that links name beside those of ``SHIPPED_FIBRES``: CSV, JSON, or the
        equipment of GNPy.
    demands, seed, channels_per_demand
        Number of demands to draw, by the file's demand matrix or uniformly without one, and the
        lightpaths of each; None for the file's own demands.
    per_lightpath
        Traffic that one lightpath carries [Gbit/s]: divides the file's traffic into lightpaths.
    lengths
        What gives a link without length one: nothing (``file``), the ``great-circle`` between
        nodes with longitude and latitude, or their distance in a drawing (``plane``).
    length_scale
        Factor on lengths and losses; the km in one unit of a drawing.
    length_field
        Attribute of edges that holds lengths [km], where its name does not say so.
    zero_links
        Whether links of 0 km are refused, or ``merge`` their ends to one node.
    directions
        Whether two opposite rows are one link (``merge``) or two (``keep``); ``auto`` goes by the
        format, or merges where every row has its opposite.
    fibre_type
        Type of links that name none; None for the preset's fibre.
    preset, channels, candidates, reserve, layout, launch_dbm, k, route_order, load_erlang
        See :func:`qkdopt.new_instance`.

    Raises
    ------
    OptionsError
        Options that are out of range or do not fit together.
    InstanceError
        The source cannot be read, is of no format that is read, or breaks rules: every fault.
    UnsupportedError
        The format needs an optional package.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import qkdopt
    >>> with TemporaryDirectory() as folder:
    ...     links = Path(folder, "links.csv")
    ...     _ = links.write_text("a,b,length_km\nBonn,Trier,30\nTrier,Mainz,25\n")
    ...     instance, report = qkdopt.import_network(links, demands=4, preset="field")
    >>> len(instance.network.links), len(instance.demands), report.format
    (2, 4, 'CSV table')
    """
    options = ImportOptions(
        preset=preset,
        lengths=lengths,
        length_scale=length_scale,
        length_field=length_field,
        zero_links=zero_links,
        directions=directions,
        demands=demands,
        per_lightpath=per_lightpath,
        channels_per_demand=channels_per_demand,
        seed=seed,
        channels=channels,
        candidates=candidates,
        reserve=reserve,
        layout=layout,
        launch_dbm=launch_dbm,
        k=k,
        route_order=route_order,
        fibre_type=fibre_type,
        load_erlang=load_erlang,
    )
    options.validate()
    draft = read_draft(
        source,
        file_format=file_format,
        encoding=encoding,
        length_field=length_field,
        nodes=nodes,
        demands=demands_file,
        fibres=fibres,
        qkd_systems=qkd_systems,
    )
    where = "standard input" if str(source) == STDIN else str(source)
    return ImportedNetwork(*instance_of(draft, name or _name_of(source), where, options))


def _name_of(source: str | Path) -> str:
    """Return the name of an instance whose source is all that is known."""
    return "network" if str(source) == STDIN else Path(str(source)).stem or "network"
