"""What kgimport is compared with, each a program of its own: `python -m … SOURCE OUT`.

SOURCE is a people graph's folder. The writers of CSV leave `person.csv` and `knows.csv` in OUT,
without a header, lists joined by `;` and timestamps as the importer reads them.
"""
