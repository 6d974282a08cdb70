"""Files by Java's Parquet, and how they were made."""
