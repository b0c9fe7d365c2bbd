"""A machine from its track to a sighting: look closer, read, name; say no more than that bears."""
