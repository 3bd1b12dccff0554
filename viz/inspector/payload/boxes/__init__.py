"""A step as boxes and arrows, sized for its numbers and laid out for the page.

May import: style, model, diagram, inspector.
"""
