"""Tests of hipscan.transport."""
