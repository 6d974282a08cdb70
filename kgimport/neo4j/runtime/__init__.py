"""How Neo4j's programs are run: from jars on a Java of their own, or from an installed Neo4j.

programs  a Neo4j that can be run, and the command lines of its programs
server    a server on a store for as long as a `with` block lasts
process   the one place that starts a program
jars      Neo4j's jars, fetched once and checked against a lock; `lock` writes those locks
java      which Java runs them
"""
