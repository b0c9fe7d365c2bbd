"""What identifies a picture, a place or a machine later: prints, points, surroundings."""
