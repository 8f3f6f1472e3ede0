"""Pages that stand alone: results with map, spectrum, tables and sources in one HTML file."""

from qkdopt.report.write import write_report

__all__ = ["write_report"]
