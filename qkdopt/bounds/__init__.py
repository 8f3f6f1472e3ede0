"""The load-state relaxation: what closes the gap (``docs/bounds.md``)."""
