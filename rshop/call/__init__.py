"""One call of a layer: its arguments, the first states, the loop, what is carried to the next call.

May import: backend, step, fast.
"""
