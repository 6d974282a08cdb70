"""How Neo4j's programs are run: from jars on a Java of their own, or from an installed Neo4j.

programs   a Neo4j that can be run, and the command lines of its programs
config     a Neo4j home with its configuration
server     a server on a store for as long as a `with` block lasts
jar_cache  Neo4j's jars, fetched once and checked against a lock; `lock` writes those locks
jvm        which Java runs them
classes    Java's cache of their classes
docker     the same programs from an image
"""
