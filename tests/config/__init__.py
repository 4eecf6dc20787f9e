"""Tests of hipscan.config."""
