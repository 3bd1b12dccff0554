"""Drawings over time: one column for each timestep, and the arrows between columns.

May import: style, model, diagram.
"""
