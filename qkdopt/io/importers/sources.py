"""Find out what a source is (file, folder, standard input, TopoHub name) and read it."""

from __future__ import annotations

from pathlib import Path

from qkdopt.errors import InstanceError, UsageError
from qkdopt.instance.generation import TOPOLOGIES
from qkdopt.io.importers.content import STDIN, Content, content_of, read_bytes
from qkdopt.io.importers.csv_files import read_csv, table_of_file
from qkdopt.io.importers.draft import Draft
from qkdopt.io.importers.formats import FORMATS, NAMES, format_of
from qkdopt.io.importers.topohub import is_topohub_name, topohub_content

FOLDER_FILES = ("links.csv", "nodes.csv", "demands.csv", "fibres.csv")


def read_draft(
    source: str | Path,
    *,
    file_format: str | None = None,
    encoding: str | None = None,
    length_field: str | None = None,
    nodes: str | Path | None = None,
    demands: str | Path | None = None,
    fibres: str | Path | None = None,
    qkd_systems: str | Path | None = None,
) -> Draft:
    """Return what a source holds.

    Parameters
    ----------
    source
        A file, a folder of CSV files, ``-`` for standard input, or a name of TopoHub.
    file_format
        Name of the format; None where the content decides.
    encoding
        Of text; None for UTF-8.
    length_field
        Attribute that holds lengths [km], in graphs.
    nodes, demands
        Files of nodes (CSV, beside a table of links) and of demands (CSV or services of GNPy).
    fibres
        File of fibre types (CSV, JSON or the equipment of GNPy).
    qkd_systems
        File of QKD systems (JSON).

    Raises
    ------
    InstanceError
        With every fault of the source.
    UsageError
        An unknown format.
    """
    if file_format is not None and file_format not in NAMES:
        raise UsageError(f"format = {file_format!r}; expected one of {', '.join(NAMES)}")
    path = Path(source)
    if str(source) != STDIN and _is_folder(path):
        draft = _read_folder(path, encoding, nodes, demands)
        fibres = fibres or next((p for p in path.iterdir() if p.name.lower() == "fibres.csv"), None)
    else:
        draft = _read_file(source, file_format, encoding, length_field, nodes, demands)
    if qkd_systems is not None:
        from qkdopt.io.importers.qkd_systems import with_own_systems

        draft = with_own_systems(draft, qkd_systems, encoding)
    if fibres is None:
        return draft
    from qkdopt.io.importers.fibre_types import with_own_types

    return with_own_types(draft, fibres, encoding)


def _read_file(
    source: str | Path,
    file_format: str | None,
    encoding: str | None,
    length_field: str | None,
    nodes: str | Path | None,
    demands: str | Path | None,
) -> Draft:
    """Read anything but a folder, as :func:`read_draft` says."""
    content = _content(source, encoding)
    name = format_of(content, file_format)
    if nodes is not None and name != "csv":
        raise UsageError(f"--nodes goes with a CSV table of links; {content.where} is {name}")
    if name == "csv":
        draft = _read_csv(content, encoding, nodes, demands)
    elif name == "xlsx":
        from qkdopt.io.importers.xlsx import read_xlsx

        draft = read_xlsx(content)
    else:
        if content.faults:
            raise InstanceError(content.where, content.faults)
        draft = FORMATS[name].read(content, length_field)
        if is_topohub_name(source):
            draft = draft.model_copy(update={"format": "TopoHub", "source": f"TopoHub {source}"})
    if demands is not None and name != "csv":
        from qkdopt.io.importers.demand_files import with_demands

        draft = with_demands(draft, demands, encoding)
    return draft


def _content(source: str | Path, encoding: str | None) -> Content:
    if is_topohub_name(source):
        return topohub_content(str(source))
    where = "standard input" if str(source) == STDIN else str(source)
    if where in TOPOLOGIES and not Path(source).exists():
        fault = f"is a shipped topology; qkdopt instance new --topology {where} makes an instance"
        raise InstanceError(where, [fault])
    return content_of(read_bytes(source), where, encoding)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _read_csv(
    content: Content,
    encoding: str | None,
    nodes: str | Path | None,
    demands: str | Path | None,
) -> Draft:
    from qkdopt.io.importers.demand_files import is_services, with_demands

    node_table = None if nodes is None else table_of_file(nodes, encoding)
    services = demands is not None and is_services(demands)
    demand_table = None if demands is None or services else table_of_file(demands, encoding)
    draft = read_csv(content.text, content.where, nodes=node_table, demands=demand_table)
    return with_demands(draft, demands, encoding) if services and demands is not None else draft


def _read_folder(
    folder: Path, encoding: str | None, nodes: str | Path | None, demands: str | Path | None
) -> Draft:
    """Read links.csv of a folder and, where they are there, nodes.csv and demands.csv."""
    found = {path.name.lower(): path for path in sorted(folder.iterdir())}
    if "links.csv" not in found:
        fault = f"is a folder without links.csv; expected {', '.join(FOLDER_FILES)}"
        raise InstanceError(str(folder), [fault])
    links = found["links.csv"]
    content = content_of(read_bytes(links), str(links), encoding)
    if content.kind != "text":
        raise InstanceError(str(links), [f"holds {content.kind}; expected a CSV table"])
    return _read_csv(
        content, encoding, nodes or found.get("nodes.csv"), demands or found.get("demands.csv")
    )
