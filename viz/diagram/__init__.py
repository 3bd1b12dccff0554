"""Drawings of a step and of its flow over time, laid out by Graphviz or column by column.

May import: style, model.
"""
