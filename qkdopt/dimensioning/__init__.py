"""Dimensioning: the cheapest links with QKD that meet all needs at once."""
