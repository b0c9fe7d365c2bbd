"""The footage maker: drawn pictures and clips of a shop floor, seeded, with exact truth."""
