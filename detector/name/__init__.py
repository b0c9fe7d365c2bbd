"""From what was read on a machine to who built it: kinds, plates, match, weigh, decide."""
