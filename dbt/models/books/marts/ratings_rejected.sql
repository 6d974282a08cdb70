select
    reason,
    reader_text,
    isbn_text,
    rating_text
from {{ ref('ratings_checked') }}
where reason is not null
