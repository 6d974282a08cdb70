{{ usual_spellings(ref('books'), 'author_key', 'author') }}
