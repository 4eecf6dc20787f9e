"""Version ordering as the package managers define it."""
