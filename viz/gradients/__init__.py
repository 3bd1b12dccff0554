"""How much a loss depends on earlier states and inputs.

May import: style, plots.
"""
