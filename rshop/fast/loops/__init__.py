"""The fast loop over time: the forward loop of a program, and its own backward pass.

May import: backend, step, fast.plan, fast.switches.
"""
