"""Networks of TopoHub by name: SNDlib, Internet Topology Zoo, backbones, CAIDA, Gabriel graphs.

The data come with the package ``topohub`` (MIT; P. Jurkiewicz, "TopoHub: A repository of reference
Gabriel graph and real-world topologies for networking research", SoftwareX 24, 101540 (2023)).
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from qkdopt.errors import InstanceError, UnsupportedError
from qkdopt.io.importers.content import Content, content_of

PREFIX = "topohub:"
NAME = re.compile(r"(sndlib|topozoo|backbone|caida|gabriel)(/[\w-][\w.-]*){1,2}")
LABEL = "TopoHub"


def is_topohub_name(source: str | Path) -> bool:
    """Whether a source is a name of TopoHub and no file."""
    text = str(source)
    if text.startswith(PREFIX):
        return True
    try:
        return NAME.fullmatch(text) is not None and not Path(text).exists()
    except (OSError, ValueError):
        return False


def topohub_content(source: str) -> Content:
    """Return the node-link JSON of a name.

    Raises
    ------
    UnsupportedError
        The package is not installed.
    InstanceError
        No network of this name; the fault suggests some.
    """
    name = source.removeprefix(PREFIX)
    if find_spec("topohub") is None:
        raise UnsupportedError(
            f"{source}: networks of TopoHub come with an optional package; install it by "
            "pip install 'qkdopt[topologies]' (or name a file)"
        )
    folder = files("topohub").joinpath("data")
    path = folder.joinpath(f"{name}.json")
    if NAME.fullmatch(name) is None or not path.is_file():
        raise InstanceError(source, [f"no network of TopoHub{_likely(name)}"])
    return content_of(path.read_bytes(), name)


def _likely(name: str) -> str:
    """Return what names there are in the group, the closest first."""
    group = name.split("/", 1)[0]
    folder = files("topohub").joinpath("data")
    groups = sorted(entry.name for entry in folder.iterdir() if entry.is_dir())
    groups = [entry for entry in groups if not entry.startswith("_")]
    if group not in groups:
        return f"; expected a name such as sndlib/polska, of the groups {', '.join(groups)}"
    names = sorted(
        f"{group}/{entry.name.removesuffix('.json')}"
        for entry in folder.joinpath(group).iterdir()
        if not entry.name.startswith("_")
    )
    folded = {one.casefold(): one for one in names}
    close = get_close_matches(name.casefold(), list(folded), n=3, cutoff=0.6)
    if close:
        return f"; did you mean {' or '.join(folded[one] for one in close)}?"
    return f"; expected one such as {', '.join(names[:5])}"
