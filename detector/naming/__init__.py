"""From the cues of one machine to a builder, or to `unknown`."""
