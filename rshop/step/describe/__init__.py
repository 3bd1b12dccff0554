"""Tensors that a user wrote become a checked step; what is unread, hidden or named twice is refused.

May import: step.
"""
