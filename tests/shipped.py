"""What is shipped under ``instances/``: instances, and the best plans known of them."""

from __future__ import annotations

from pathlib import Path

LIBRARY = Path(__file__).parent.parent / "instances"
PLANS = sorted((LIBRARY / "best_known").rglob("*.json"))
INSTANCES = sorted(set(LIBRARY.rglob("*.json")) - set(PLANS))
