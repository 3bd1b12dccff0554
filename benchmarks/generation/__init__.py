"""How long it takes to generate: rows of their own, as there is nothing to train and no batch of targets."""
