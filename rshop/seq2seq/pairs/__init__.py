"""A sequence for a sequence: an encoder and a decoder.

May import: seq2seq, step, attention, cells, layers, generation, training.
"""
