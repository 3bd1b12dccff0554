"""Gradients through time: how much a loss depends on earlier states and inputs.

May import: style, model, plots.
"""
