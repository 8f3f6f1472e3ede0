"""Run the command line inside the test's own process: a second per command is saved."""

from __future__ import annotations

import sys
from unittest.mock import patch

from qkdopt.cli import main


def exit_status(*arguments: object) -> int:
    """Run ``qkdopt`` with arguments as a shell would and return its exit status."""
    with patch.object(sys, "argv", ["qkdopt", *map(str, arguments)]):
        try:
            main()
        except SystemExit as leaving:
            return int(leaving.code or 0)
    return 0
