"""`nameplate datasets look`: what a data set holds, drawn."""
