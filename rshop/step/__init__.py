"""One timestep as a checked graph: its parts, what is fed back, masks, and how it runs once.

May import: no other room.
"""
