"""Files in and out: the only floor, with plot and report, that opens them."""
