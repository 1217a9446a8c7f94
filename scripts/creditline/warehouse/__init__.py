"""The temporary warehouse of the running night, and its build."""
