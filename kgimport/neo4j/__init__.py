"""Neo4j itself: its programs, its importer, its stores, and what a store must hold."""
