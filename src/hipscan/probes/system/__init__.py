"""The system itself: platform, boot, kernel settings, services, clock, access control."""
