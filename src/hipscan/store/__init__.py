"""What hipscan keeps from scan to scan."""
