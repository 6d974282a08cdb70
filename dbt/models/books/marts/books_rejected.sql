select
    reason,
    isbn_text,
    title_text,
    author_text,
    year_text,
    publisher_text
from {{ ref('books_checked') }}
where reason is not null
