"""Language models: what comes next in a text.

May import: seq2seq, backend, step, cells, layers, generation, training.
"""
