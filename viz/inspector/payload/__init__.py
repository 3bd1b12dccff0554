"""What the inspector is told: the values of a run, their equations, where boxes stand, what was cut.

May import: style, model, diagram, plots, inspector.
"""
