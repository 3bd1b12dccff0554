"""Runs that can be looked into: every inner value, timestep by timestep, back, and with something changed.

May import: step, call, layers.
"""
