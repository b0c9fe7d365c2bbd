"""The mark embedder: what it learns from, its network, its export."""
