"""The command line: one file per verb; each reads, calls and writes."""

from seqinterp.cli.main import app as app, main as main
