"""Where data rests: mounts, encryption beneath them, backups."""
