"""The inspector and the editor: a run to step through, with every inner value in view.

May import: style, formulas, model, diagram, plots, gradients.
"""
