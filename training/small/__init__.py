"""The small networks and tables beside the detector."""
