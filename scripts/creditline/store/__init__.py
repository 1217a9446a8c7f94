"""What a night leaves for the ones that come after it: Parquet, deliveries' records, what a night read, what a build made."""
