"""Published equations, one function each, vectorised over arrays.

Arguments and results are in trade units with the unit in the name; SI and 1/km are used inside.
Array arguments broadcast together, and results have the broadcast shape.
"""
