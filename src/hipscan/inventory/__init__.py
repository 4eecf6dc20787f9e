"""Inventories: where targets come from."""
