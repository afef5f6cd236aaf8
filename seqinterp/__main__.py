"""`python -m seqinterp` is the command `seqinterp`."""

from seqinterp.cli.main import main

main()
