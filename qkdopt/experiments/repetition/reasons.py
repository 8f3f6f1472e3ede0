"""Why a repetition may be expected to differ: machine, versions, clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from qkdopt.result import Environment

NONE_KNOWN = (
    "none known: same versions, same machine, and work that is limited by no clock; a fault to "
    "report"
)


def environment_reasons(earlier: Environment, now: Environment) -> Iterator[str]:
    """Yield what is not as it was: versions of libraries, processor, platform."""
    for name in dict.fromkeys((*earlier.versions, *now.versions)):
        old, new = earlier.versions.get(name), now.versions.get(name)
        if old is not None and old != new:
            yield f"{name} {old} -> {new or 'not recorded'}"
    for name in ("cpu", "platform"):
        old, new = getattr(earlier, name), getattr(now, name)
        if old != new:
            yield f"{name} {old} -> {new}"


def clock_reason(options: Mapping[str, Any], limit: str, stopped_by: str | None = None) -> str:
    """Say what a limit in seconds means for a repetition.

    Parameters
    ----------
    options
        Of the run.
    limit
        Option that limits the work in place of the time, such as ``node_limit``.
    stopped_by
        What ended the earlier run; None where it is not recorded.
    """
    ended = f"ended by {stopped_by}" if stopped_by else "may have been ended by the clock"
    if stopped_by == "time limit":
        ended = "ended by the clock"
    word = limit.replace("_", "-")
    return (
        f"limited by time ({options.get('time_limit', 0.0):g} s), {ended}: how many rounds are "
        f"done depends on the machine and on what else runs; value and bound are compared "
        f"(--{word} repeats exactly)"
    )
