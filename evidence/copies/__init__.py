"""Which footage shows the same recording: recognised from prints, linked, never dropped."""
