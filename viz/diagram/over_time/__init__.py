"""The drawing over time: columns side by side, and what goes from one to the next.

May import: style, model, diagram.
"""
