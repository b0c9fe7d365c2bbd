"""`nameplate datasets look`: what a data set holds, drawn."""

from datasets.look.draw import draw_data

__all__ = ["draw_data"]
