"""A layer, read for drawing: its parts, their names, what reads what, and what a drawing closes.

May import: style.
"""
