"""Where a piecewise-linear network bends along a straight path."""
