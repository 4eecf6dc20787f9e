"""Documents that people write: strict YAML with positions, and files read and written safely."""
