"""Machines and marks in pictures, where shots end, and which detections are one machine."""
