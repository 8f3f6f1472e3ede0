"""Values of options that take one of a few.

``tests/cli/test_choices.py`` holds them to the library; they are written out here so that help
and completion import nothing of it.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Literal, get_args

Objective = Literal["mean", "max-min", "link-sum", "key-factor", "key-delivered", "key-served"]
Routes = Literal["candidates", "all"]
Strategy = Literal["fixed", "ds-qkd", "ds-qkd-synergistic", "local-search", "milp", "auto"]
if TYPE_CHECKING:
    AnyStrategy = str
else:
    # Those of other installed packages too, which nobody could write out here.
    _BROUGHT = {point.name for point in entry_points(group="qkdopt.strategies")}
    AnyStrategy = Literal[(*get_args(Strategy), *sorted(_BROUGHT.difference(get_args(Strategy))))]
Formulation = Literal["joint", "textbook", "load-state", "cp-sat"]
ExportedFormulation = Literal["joint", "textbook", "load-state"]
ExportFormat = Literal["mps", "lp"]
PlanFormat = Literal["csv", "parquet", "graphml", "geojson", "gnpy", "etsi-qkd"]

TrafficStrategy = Literal["fixed", "ds-qkd", "ds-qkd-synergistic"]
Policy = Literal["bottleneck-harm", "rate-weighted-harm", "equalisation", "own-best"]
ChannelOrder = Literal[
    "first-fit", "last-fit", "raman-aware", "random", "most-used", "least-used"
]  # fmt: skip
Admission = Literal["light", "key"]
Retuning = Literal["always", "arrival", "threshold", "never"]
Figure = Literal["fig3", "fig4", "fig5", "fig6", "all"]
EventTarget = Literal["working", "any"]

FoldBy = Literal["lit", "link"]

ProtocolName = Literal["decoy-bb84", "decoy-bb84-finite", "one-decoy-bb84-finite", "cv-gaussian"]

Preset = Literal["paper", "field", "dwdm"]
RouteOrder = Literal["km", "hops"]
FibreTypeName = Literal["G.652.D", "G.654.E", "hollow-core"]
Reserve = Literal["working", "all"]
Layout = Literal["single", "pair"]
NeedOf = Literal["demand", "lightpath"]
SharedRelay = Literal["lightpath", "flow"]
NetworkFormat = Literal[
    "csv", "xlsx", "graphml", "gml", "node-link", "gnpy", "sndlib-native", "sndlib-xml", "net2plan"
]  # fmt: skip
Lengths = Literal["file", "great-circle", "plane"]
ZeroLinks = Literal["refuse", "merge"]
Directions = Literal["auto", "merge", "keep"]

DemandSource = Literal["traffic", "demands"]
SearchMethod = Literal["auto", "exhaustive", "families", "greedy", "exchange", "listed"]
Criterion = Literal["mean", "worst", "quantile", "least-gain"]
RankedStrategy = Literal["ds-qkd", "ds-qkd-synergistic"]
LaunchMode = Literal["network", "link"]
