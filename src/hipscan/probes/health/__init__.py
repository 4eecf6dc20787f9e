"""Software of health care: imaging, interfaces, records."""
