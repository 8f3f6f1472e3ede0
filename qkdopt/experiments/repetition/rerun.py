"""Run an output again, and compare."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qkdopt.experiments.repetition.agreement import CONFIRMED, Agreement
from qkdopt.experiments.repetition.differences import Part
from qkdopt.experiments.repetition.reasons import NONE_KNOWN, environment_reasons
from qkdopt.experiments.repetition.records import EXPECTED, AnyOutput, earlier_of
from qkdopt.experiments.repetition.runs import REPEATED, Plans
from qkdopt.experiments.repetition.sources import find_instance, plan_of
from qkdopt.instance import Instance
from qkdopt.io.environment import environment
from qkdopt.result import AnyPlan, Provenance


@dataclass(frozen=True)
class Rerun:
    """What a second run says of an output.

    Parameters
    ----------
    name
        Of the output: its file, or its command.
    provenance
        Of the earlier run.
    agreement
        ``identical``: equal bit for bit, times aside. ``same value``: as good, by another plan or
        proof, or but for the last digits. ``better``, ``worse``: the second run. ``different``:
        where neither is better. ``contradicts``: what one proves, the other exceeds.
    parts
        What was compared, each with its differences.
    reasons
        Why runs may be expected to differ.
    contradictions
        What exceeds what.
    answer
        What the second run returned.
    """

    name: str
    provenance: Provenance
    agreement: Agreement
    parts: tuple[Part, ...]
    reasons: tuple[str, ...]
    contradictions: tuple[str, ...]
    answer: Any

    @property
    def confirmed(self) -> bool:
        """Whether the second run says what the first said: identical, or the same value."""
        return self.agreement in CONFIRMED

    def to_json_dict(self) -> dict[str, Any]:
        """Return plain data (schema ``qkdopt/rerun/1``)."""
        return {
            "schema": "qkdopt/rerun/1",
            "of": self.name,
            "command": self.provenance.command,
            "agreement": self.agreement,
            "confirmed": self.confirmed,
            "parts": [part.to_json_dict() for part in self.parts],
            "reasons": list(self.reasons),
            "contradictions": list(self.contradictions),
        }


def rerun(
    output: AnyOutput | str | Path,
    instance: Instance | None = None,
    *,
    start: AnyPlan | None = None,
    around: AnyPlan | None = None,
) -> Rerun:
    """Run an output again with its own options and seed, and say whether it is identical.

    Parameters
    ----------
    output
        What ``solve``, ``simulate``, ``dimension`` or ``dimension_frontier`` returned, or a file of
        one of the commands ``solve``, ``bound --json``, ``simulate --json`` and ``dimension``.
    instance
        Its instance; None where the output is a file that says where that is. Its hash must fit.
    start, around
        Earlier plans that the run was given; None where it had none, or their files are where they
        were.

    Raises
    ------
    ResultError
        The output cannot be read or run again, or its instance or an earlier plan is another one or
        was not found: every fault.
    RefusedError
        The checker finds a fault in the output, or in what was found now.

    Examples
    --------
    >>> import qkdopt
    >>> line = qkdopt.read_instance("instances/small/line.json")
    >>> result = qkdopt.solve(line, strategy="ds-qkd")
    >>> again = qkdopt.rerun(result, line)
    >>> again.agreement, [part.name for part in again.parts if not part.identical]
    ('identical', [])
    """
    earlier = earlier_of(output)
    repeat = REPEATED.get(earlier.provenance.command)
    if repeat is None:
        raise earlier.faults(f"is of command {earlier.provenance.command!r}; {EXPECTED}")
    _, found = find_instance(earlier, None if instance is None else (None, instance))
    plans = Plans(plan_of(earlier, "start", start), plan_of(earlier, "around", around))
    again = repeat(earlier, found, plans)
    reasons = (*environment_reasons(earlier.environment, environment()), *again.reasons)
    if not reasons and again.agreement != "identical":
        reasons = (NONE_KNOWN,)
    return Rerun(
        name=earlier.name,
        provenance=earlier.provenance,
        agreement=again.agreement,
        parts=again.parts,
        reasons=reasons,
        contradictions=again.contradictions,
        answer=again.answer,
    )
