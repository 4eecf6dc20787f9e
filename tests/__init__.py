"""Tests of hipscan; the folders mirror src/hipscan."""
