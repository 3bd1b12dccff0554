"""The look of every picture: colours, text, axes, and how it is saved.

May import: no other room.
"""
