"""The map of keys, and what the signs on the screen mean."""
