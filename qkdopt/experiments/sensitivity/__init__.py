"""Hardware knobs: launch power and everything else that can be turned."""
