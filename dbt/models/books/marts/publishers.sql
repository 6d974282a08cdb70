{{ usual_spellings(ref('books'), 'publisher_key', 'publisher') }}
