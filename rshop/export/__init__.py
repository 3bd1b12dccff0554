"""What a step computes, as expressions, and those expressions as a Python text that needs NumPy alone.

May import: backend, call, cells, layers, step, tracing.
"""
