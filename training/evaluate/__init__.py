"""What is measured of a model and of the way to a name, and the page of it."""
