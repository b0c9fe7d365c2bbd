"""The detector's own training: what it is shown, and its loss."""
