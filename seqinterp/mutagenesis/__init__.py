"""What every edit of a sequence would do to the score."""
