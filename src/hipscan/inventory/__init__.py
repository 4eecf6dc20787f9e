"""Inventories: which hosts there are, how they are reached, and what is known about them."""
