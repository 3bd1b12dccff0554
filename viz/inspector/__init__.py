"""The inspector and the editor: a run with every inner value in view, timestep by timestep.

May import: style, model, diagram, plots, gradients.
"""
