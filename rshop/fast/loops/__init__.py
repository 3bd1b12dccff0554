"""The loop over time and its backward pass, written out for a body of which more is known.

May import: backend, step, fast.plan, fast.switches.
"""
