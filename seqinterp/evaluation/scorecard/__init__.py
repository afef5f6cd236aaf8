"""All questions asked of several methods on one model, and what the answers say in words."""
