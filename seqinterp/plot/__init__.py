"""Figures: motif and attribution logos, curves and mutagenesis maps, as matplotlib `Figure` objects."""
