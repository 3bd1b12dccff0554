"""One timestep as equations, as a book writes them.

May import: style.
"""
