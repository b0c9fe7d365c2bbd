"""Where a machine comes from, and what may be claimed of it."""
