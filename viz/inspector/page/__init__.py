"""The inspector as text: a fragment, a page, a still picture, a table of numbers.

May import: style, inspector.payload.
"""
