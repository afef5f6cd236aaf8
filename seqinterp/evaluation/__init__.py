"""Does an explanation deserve belief? One question per file."""
