"""Databases, caches, search engines and directories."""
