"""Keras layers that run a step over time, made of a graph, a stack or a cell; and a cell of any of them.

May import: backend, step, cells, fast, call.
"""
