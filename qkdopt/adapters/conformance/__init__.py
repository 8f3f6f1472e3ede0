"""What every solver must do right, for adapters that are not in this package."""

from qkdopt.adapters.conformance.suite import conformance_faults

__all__ = ["conformance_faults"]
