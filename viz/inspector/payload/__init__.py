"""The inspector's payload: the values of a run, their equations, the diagrams, and what was cut.

May import: style, formulas, model, diagram, plots, inspector.
"""
