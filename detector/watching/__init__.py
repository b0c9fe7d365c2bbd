"""Which stretches are looked at, where shots end, and which detections are one machine."""
