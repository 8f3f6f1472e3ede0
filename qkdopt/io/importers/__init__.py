"""Networks of other formats: each reader returns a draft, and one place makes it an instance."""

from qkdopt.io.importers.network_import import ImportedNetwork, import_network
from qkdopt.io.importers.report import ImportReport

__all__ = ["ImportReport", "ImportedNetwork", "import_network"]
