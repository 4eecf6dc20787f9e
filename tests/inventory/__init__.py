"""Tests of hipscan.inventory."""
