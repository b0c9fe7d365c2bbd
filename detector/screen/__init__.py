"""What was drawn over the picture afterwards, told from what stands in the scene."""
