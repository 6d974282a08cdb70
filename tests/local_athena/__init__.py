"""Local Athena: moto's S3, Glue and STS, and Athena's API in front of a real Trino.

It is not Amazon Athena. What runs here shows that our SQL and our client code work on the engine
that Athena is made of, over S3 and Glue as clients see them; nothing of it was compared with AWS.
What is refused and what is known to differ stands in docs/athena.md.
"""
