"""What share of the key rate survives degradations: the reason for 1:N."""

from qkdopt.experiments.resilience.case import Case
from qkdopt.experiments.resilience.spec import ResilienceSpec, cases, parse_sets, validate_spec
from qkdopt.experiments.resilience.survival import COLUMNS, survival_table

__all__ = [
    "COLUMNS",
    "Case",
    "ResilienceSpec",
    "cases",
    "parse_sets",
    "survival_table",
    "validate_spec",
]
