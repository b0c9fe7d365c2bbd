"""A machine from its track to a sighting: look closer, read, name."""
