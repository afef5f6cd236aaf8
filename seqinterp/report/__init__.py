"""The report: what a run found, on one self-contained page."""
