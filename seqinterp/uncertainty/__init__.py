"""How sure a model is of a prediction, and whether that can be believed."""
