"""Forecasts of series of numbers.

May import: seq2seq, step, cells, layers.
"""
