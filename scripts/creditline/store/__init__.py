"""What a night leaves for later nights: Parquet, records of deliveries, what a night read, and what a build made."""
