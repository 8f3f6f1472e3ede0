"""``python -m qkdopt``."""

from qkdopt.cli import main

main()
