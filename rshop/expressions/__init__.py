"""What a step computes, read off its graph as expressions: the terms of values, layers, loops and weights.

May import: call, cells, layers, step, tracing.
"""
