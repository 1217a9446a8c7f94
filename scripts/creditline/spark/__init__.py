"""The second engine: a Spark cluster on this machine or elsewhere, and the build of a night on it."""
