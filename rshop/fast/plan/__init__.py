"""What a step's graph allows: its operations as simple instructions, and when each one runs.

May import: backend, step, attention, cells.
"""
