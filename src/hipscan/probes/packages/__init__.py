"""Packages: what is installed, from where, what waits, what is known of it, what still runs."""
