"""Runs with every inner value recorded: whole, one timestep at a time, or with one value changed.

May import: step, cells, call, layers.
"""
