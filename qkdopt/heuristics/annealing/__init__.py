"""The compiled local search: arrays, key rate, moves, annealing."""
