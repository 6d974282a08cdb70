"""Graph-shaped dbt tables in, a ready Neo4j store out."""
