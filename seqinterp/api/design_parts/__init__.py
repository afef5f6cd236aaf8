"""The parts of `optimize` and `judge_designs`."""
