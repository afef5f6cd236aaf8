"""The public calls: thin, data first, options by keyword, one named result each."""
