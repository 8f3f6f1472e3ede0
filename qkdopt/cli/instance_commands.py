"""``qkdopt instance new|import|share-keys|info|validate|export|best-known``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qkdopt.cli.choices import (
    Directions,
    ExportedFormulation,
    ExportFormat,
    FibreTypeName,
    Layout,
    Lengths,
    NeedOf,
    NetworkFormat,
    Preset,
    Reserve,
    RouteOrder,
    SharedRelay,
    ZeroLinks,
)
from qkdopt.cli.groups import Group
from qkdopt.cli.parameters import AsJson, InstanceFile, ObjectiveName

instance_app = typer.Typer(
    cls=Group, help="Make, inspect and validate instances.", no_args_is_help=True
)

Candidates = Annotated[
    str | None,
    typer.Option(
        help="QKD candidates: channels such as 3,13,23,33, or frequencies off the grid with "
        "the loss there in dB/km, such as 228.85THz@0.33; all channels by default."
    ),
]
ChannelCount = Annotated[
    int | None, typer.Option(help="Number of channels of the grid; the preset's by default.")
]
ReserveName = Annotated[Reserve, typer.Option(help="Which candidates stay dark.")]
LayoutName = Annotated[
    Layout | None, typer.Option(help="Fibres of a link; the preset's by default.")
]
LaunchPower = Annotated[float | None, typer.Option(help="Launch power per channel [dBm].")]
RouteOrderName = Annotated[
    RouteOrder | None, typer.Option(help="What the shortest routes have least of; km.")
]
RouteCount = Annotated[int, typer.Option(help="Candidate routes of each demand.")]
TrafficLoad = Annotated[float | None, typer.Option(help="Load of the traffic block in erlang.")]


@instance_app.command()
def new(
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write.")],
    topology: Annotated[str, typer.Option(help="Shipped topology, such as nsfnet.")] = "nsfnet",
    demands: Annotated[int, typer.Option(help="Number of demands to draw.")] = 100,
    seed: Annotated[int, typer.Option(help="Random seed of the demands.")] = 1,
    preset: Annotated[Preset, typer.Option(help="Physical parameters.")] = "paper",
    length_scale: Annotated[
        float | None,
        typer.Option(
            help="Factor on link lengths and measured losses; by default 0.01 for backbones, 1 for "
            "metro networks."
        ),
    ] = None,
    channels: ChannelCount = None,
    channels_per_demand: Annotated[int, typer.Option(help="Lightpaths of each demand.")] = 1,
    candidates: Candidates = None,
    reserve: ReserveName = "working",
    layout: LayoutName = None,
    launch_dbm: LaunchPower = None,
    k: RouteCount = 3,
    route_order: RouteOrderName = None,
    fibre_type: Annotated[
        FibreTypeName | None,
        typer.Option(help="Type of every link's fibre; the preset's fibre by default."),
    ] = None,
    load_erlang: TrafficLoad = None,
    weighted: Annotated[
        bool, typer.Option(help="Draw by the topology's own demand matrix.")
    ] = False,
) -> None:
    """Make an instance from a shipped topology, a preset and a seed."""
    from qkdopt.cli.instance_new import run_new

    run_new(
        output,
        topology=topology,
        demands=demands,
        seed=seed,
        preset=preset,
        length_scale=length_scale,
        channels=channels,
        channels_per_demand=channels_per_demand,
        candidates=candidates,
        reserve=reserve,
        layout=layout,
        launch_dbm=launch_dbm,
        k=k,
        route_order=route_order,
        fibre_type=fibre_type,
        load_erlang=load_erlang,
        weighted=weighted,
    )


@instance_app.command("import")
def import_command(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="File, folder with links.csv, - for standard input, or a TopoHub name such as "
            "sndlib/polska.",
        ),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write.")],
    file_format: Annotated[
        NetworkFormat | None,
        typer.Option("--format", help="Format of the source; its content decides by default."),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Encoding of text, such as cp1252; UTF-8 by default.")
    ] = None,
    nodes: Annotated[
        Path | None, typer.Option(help="CSV file of nodes, beside a table of links.")
    ] = None,
    demands_file: Annotated[
        Path | None, typer.Option(help="Demands: CSV, or services of GNPy (JSON).")
    ] = None,
    qkd_systems: Annotated[
        Path | None,
        typer.Option(help="QKD systems that links name: a JSON list, or an instance with them."),
    ] = None,
    fibres: Annotated[
        Path | None,
        typer.Option(
            help="Fibre types of your own that links name: CSV, JSON, or GNPy's equipment."
        ),
    ] = None,
    demands: Annotated[
        int | None,
        typer.Option(
            help="Number of demands to draw, by the file's demand matrix where it has one; the "
            "file's own demands by default."
        ),
    ] = None,
    per_lightpath: Annotated[
        float | None,
        typer.Option(
            help="Divide the file's traffic into lightpaths of this rate [Gbit/s].",
            metavar="GBPS",
        ),
    ] = None,
    channels_per_demand: Annotated[
        int, typer.Option(help="Lightpaths of each demand that is drawn.")
    ] = 1,
    seed: Annotated[int, typer.Option(help="Random seed of the demands.")] = 1,
    lengths: Annotated[
        Lengths,
        typer.Option(
            help="Length of a link that has none: refused, great circle between its nodes, or "
            "distance in a drawing."
        ),
    ] = "file",
    length_scale: Annotated[
        float | None,
        typer.Option(help="Factor on lengths and losses; km in one unit of a drawing."),
    ] = None,
    length_field: Annotated[
        str | None, typer.Option(help="Attribute of edges that is a length in km.")
    ] = None,
    zero_links: Annotated[
        ZeroLinks,
        typer.Option(help="Links of 0 km: refused, or their ends merged to one node."),
    ] = "refuse",
    directions: Annotated[
        Directions,
        typer.Option(help="Opposite rows: merged to one link, or kept as parallel links."),
    ] = "auto",
    preset: Annotated[Preset, typer.Option(help="Physical parameters.")] = "paper",
    channels: ChannelCount = None,
    candidates: Candidates = None,
    reserve: ReserveName = "working",
    layout: LayoutName = None,
    launch_dbm: LaunchPower = None,
    k: RouteCount = 3,
    route_order: RouteOrderName = None,
    fibre_type: Annotated[
        str | None,
        typer.Option(
            help="Type of the fibre of links that name none; the preset's fibre by default."
        ),
    ] = None,
    load_erlang: TrafficLoad = None,
    as_json: AsJson = False,
) -> None:
    """Make an instance of a network you have: CSV, XLSX, GraphML, GML, JSON, SNDlib, Net2Plan."""
    from qkdopt.cli.instance_import import run_import

    run_import(
        source,
        output,
        candidates=candidates,
        as_json=as_json,
        file_format=file_format,
        encoding=encoding,
        nodes=nodes,
        demands_file=demands_file,
        fibres=fibres,
        qkd_systems=qkd_systems,
        demands=demands,
        per_lightpath=per_lightpath,
        channels_per_demand=channels_per_demand,
        seed=seed,
        lengths=lengths,
        length_scale=length_scale,
        length_field=length_field,
        zero_links=zero_links,
        directions=directions,
        preset=preset,
        channels=channels,
        reserve=reserve,
        layout=layout,
        launch_dbm=launch_dbm,
        k=k,
        route_order=route_order,
        fibre_type=fibre_type,
        load_erlang=load_erlang,
    )


@instance_app.command()
def export(
    instance: InstanceFile,
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write.")],
    file_format: Annotated[
        ExportFormat | None,
        typer.Option("--format", help="Format of the file; its ending by default."),
    ] = None,
    formulation: Annotated[
        ExportedFormulation, typer.Option(help="Formulation to write.")
    ] = "joint",
    objective: ObjectiveName = None,
    served: Annotated[
        int | None, typer.Option(help="Number of demands that are served; all by default.")
    ] = None,
    tolerance: Annotated[
        float, typer.Option(help="Largest error of linearised key rates [bit/s].")
    ] = 20.0,
) -> None:
    """Write a formulation for any solver, with readable names."""
    from tempfile import TemporaryDirectory

    from qkdopt.cli.streams import say, validate_output, write_contents
    from qkdopt.errors import UsageError
    from qkdopt.io import read_instance
    from qkdopt.milp.export import FORMATS, formulation_of, size_of, write_model
    from qkdopt.problem import build_problem

    chosen = file_format or output.suffix.lstrip(".").lower()
    faults = []
    if chosen not in FORMATS:
        faults.append(f"format = {chosen!r}; expected mps or lp")
    if not tolerance > 0.0:
        faults.append(f"tolerance = {tolerance:g} bit/s; expected more than 0")
    read = read_instance(instance)
    if served is not None and not 0 <= served <= len(read.demands):
        faults.append(f"served = {served}; expected 0 to {len(read.demands)}")
    if faults:
        raise UsageError("; ".join(faults))
    validate_output(output)
    model = formulation_of(
        build_problem(read, objective),
        formulation,
        served=len(read.demands) if served is None else served,
        tolerance_bps=tolerance,
    )
    with TemporaryDirectory() as folder:
        whole = Path(folder) / f"model.{chosen}"
        write_model(model, whole)
        write_contents({output: whole.read_bytes()})
    rows, columns = size_of(model)
    say(output, f"{output}: {formulation} of {read.name}, {rows} rows, {columns} columns")


@instance_app.command("share-keys")
def share_keys(
    instance: InstanceFile,
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write.")],
    rate_bps: Annotated[
        float | None,
        typer.Option("--rate", help="Key that each demand asks for [bit/s].", metavar="BPS"),
    ] = None,
    bits: Annotated[
        float | None, typer.Option(help="Bits of key in place of a rate, with --every.")
    ] = None,
    every_s: Annotated[
        float | None, typer.Option("--every", help="Seconds between two keys.", metavar="S")
    ] = None,
    per: Annotated[
        NeedOf, typer.Option(help="Whether that is for a demand, or for each of its lightpaths.")
    ] = "demand",
    relay: Annotated[
        SharedRelay,
        typer.Option(help="Relay keys along the demands' routes, or over any nodes."),
    ] = "lightpath",
) -> None:
    """Let demands share the keys of links, and say how much key each asks for."""
    from qkdopt.cli.instance_share_keys import run_share_keys

    run_share_keys(
        instance, output, rate_bps=rate_bps, bits=bits, every_s=every_s, per=per, relay=relay
    )


@instance_app.command()
def info(instance: InstanceFile) -> None:
    """Print what matters about an instance, in a planner's units."""
    from qkdopt.cli.instance_info import info_text
    from qkdopt.io import read_instance

    typer.echo(info_text(read_instance(instance)), nl=False)


@instance_app.command()
def validate(
    instances: Annotated[
        list[Path], typer.Argument(metavar="INSTANCE...", help="Instance files (JSON).")
    ],
) -> None:
    """Read instances and list every fault."""
    from qkdopt.cli.quiet import hint
    from qkdopt.errors import QkdoptError
    from qkdopt.io import read_instance

    status = 0
    for path in instances:
        try:
            instance = read_instance(path)
        except QkdoptError as error:
            typer.echo(f"qkdopt: {error}", err=True)
            status = error.exit_status
        else:
            typer.echo(f"{path}: valid")
            for warning in instance.warnings():
                hint(f"qkdopt: {path}: warning: {warning}")
    raise typer.Exit(status)


@instance_app.command("best-known")
def best_known(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE...]", help="Instances; with --update, results (JSON)."),
    ] = None,
    improve: Annotated[
        bool, typer.Option("--update", help="Improve the library with checked results.")
    ] = False,
    library: Annotated[
        Path | None,
        typer.Option(
            help="Folder of instances and best_known.csv; by default that of the instance, or "
            "`instances`."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print the best plans and bounds known, or improve them with results."""
    from qkdopt.cli.instance_best_known import run_best_known, run_update
    from qkdopt.errors import UsageError

    if improve and as_json:
        raise UsageError("--update --json: expected one of the two")
    if improve:
        run_update(files or [], library)
    else:
        run_best_known(files or [], library, as_json=as_json)
