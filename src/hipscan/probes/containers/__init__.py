"""Containers: their engines, and what compose files make them do."""
