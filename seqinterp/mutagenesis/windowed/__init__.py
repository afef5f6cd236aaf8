"""The plan in batched windows of torch: the rows of every layer, and a rule for every step."""
