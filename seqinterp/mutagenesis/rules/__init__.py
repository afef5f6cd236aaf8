"""How a change spreads through each torch operation: from calls of torch to the steps of a plan."""
