"""Design of QKD channel sets: which channels, how many, on which links."""
