"""Plots of what a trace recorded.

May import: style, model.
"""
