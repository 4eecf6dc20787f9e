"""What people state about targets, and no host can tell, on its way into Knowledge."""
