"""Annealing of the routes alone, on the best key rate that a link can have at each load."""
