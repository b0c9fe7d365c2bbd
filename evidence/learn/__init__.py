"""What people judged, as pictures that a model can learn from."""
