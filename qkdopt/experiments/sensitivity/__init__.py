"""Hardware parameters: launch power and everything else that can be turned."""
