"""Tests of what is kept from scan to scan."""
