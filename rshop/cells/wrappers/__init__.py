"""Cells around any cell, ours or Keras's: what they add, skip, drop, hold or reset at each timestep.

May import: cells, step, attention.
"""
