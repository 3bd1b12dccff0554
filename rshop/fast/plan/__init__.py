"""What a step's graph allows: its operations as simple works, and when each is done.

May import: step, cells.
"""
