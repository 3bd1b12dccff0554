"""The expressions of a step as a Python text that needs NumPy alone.

May import: expressions, step, tracing.
"""
