"""Which training examples taught the model this, and which of them stand for the rest."""
