"""From what was read on a machine to who built it."""
