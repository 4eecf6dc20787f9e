"""Ways to reach a target: each carries one dialogue with one shell, under a budget."""
