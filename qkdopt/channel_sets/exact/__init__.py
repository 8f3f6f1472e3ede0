"""The best set of QKD channels for a fixed list of demands, proved."""
