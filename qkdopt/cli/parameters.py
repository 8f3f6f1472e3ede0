"""Parameters that many commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

InstanceFile = Annotated[Path, typer.Argument(metavar="INSTANCE", help="Instance file (JSON).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
