"""Lines of text: where they stand, what stands in them, and marks hidden on purpose."""
