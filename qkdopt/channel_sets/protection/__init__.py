"""Plans that keep a floor under any single failure of a receiver or a link."""
