"""What speaks for and against designed sequences."""
