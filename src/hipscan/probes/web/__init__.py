"""Web servers, and the trees that their configuration makes."""
