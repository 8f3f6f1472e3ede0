"""The command line: parse, call one function, print.

Exit status: 0 done; 1 ``check`` found a broken rule, or no plan exists; 2 bad input or
usage; 3 the limit, of time or of memory, came before any plan; 130 interrupted, by Ctrl-C or
SIGTERM.
"""

from __future__ import annotations

import atexit
import gc
import sys

from qkdopt.cli.app import app
from qkdopt.cli.exit_status import UNFINISHED
from qkdopt.cli.quiet import loud_at_first
from qkdopt.errors import QkdoptError
from qkdopt.runtime.signals import sigterm_as_interrupt

__all__ = ["main"]

OUT_OF_MEMORY = (
    "memory ran out before there was an answer; expected more of it (a limit of the shell, the "
    "container or the queue?), fewer workers or threads, or a smaller instance"
)


def main() -> None:
    """Run the command line; only deliberate errors are caught, a bug keeps its traceback."""
    # At the end a large model is left as it is: taking it apart takes seconds, for nothing.
    atexit.register(gc.freeze)
    try:
        with sigterm_as_interrupt(), loud_at_first():
            app(prog_name="qkdopt")
    except QkdoptError as error:
        print(f"qkdopt: {error}", file=sys.stderr)
        raise SystemExit(error.exit_status) from None
    except MemoryError:
        print(f"qkdopt: {OUT_OF_MEMORY}", file=sys.stderr)
        raise SystemExit(UNFINISHED) from None
    except BrokenPipeError:
        # The reader of our output went away, as `| head` does.
        sys.stderr.close()
        raise SystemExit(0) from None
