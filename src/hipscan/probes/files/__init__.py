"""Files: the shared walk, modes and owners, key-value configuration, integrity."""
