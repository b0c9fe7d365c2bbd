"""By what a picture, a place or a machine is known again: prints, points, surroundings."""
