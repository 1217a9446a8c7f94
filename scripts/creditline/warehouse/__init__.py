"""The scratch warehouse of the running night and its one dbt build."""
