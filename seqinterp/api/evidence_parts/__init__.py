"""The parts of an evidence report, one function each; what cannot be asked is a sentence."""
