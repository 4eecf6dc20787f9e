"""Tests of hipscan.model."""
