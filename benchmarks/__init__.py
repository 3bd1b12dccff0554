"""`make bench`: the same work on rshop, Keras and torch, in one run, with equal results checked first."""
