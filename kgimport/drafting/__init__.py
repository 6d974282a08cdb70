"""Drafts a declaration from what is known about tables: evidence → draft → text of YAML. Pure."""
