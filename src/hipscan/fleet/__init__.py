"""Many targets at the same time."""
