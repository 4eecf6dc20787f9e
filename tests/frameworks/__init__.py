"""Tests of hipscan.frameworks."""
