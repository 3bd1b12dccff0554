"""The look of every picture: colours, text, axes, and the files it is saved to.

May import: no other room.
"""
