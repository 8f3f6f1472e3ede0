"""Published equations, one function each, vectorised over arrays.

Trade units at the border, with the unit in the name; SI and 1/km inside.
"""
