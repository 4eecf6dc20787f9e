"""Values only: what hipscan talks about. Nothing here reads, writes or asks the clock."""
