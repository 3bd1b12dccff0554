"""One call of a layer: its arguments, the first states, the loop, the states carried to the next call.

May import: backend, step, fast.
"""
