with source as (
    select
        {{ raw_column('User-ID') }} as reader_text,
        {{ raw_column('ISBN') }} as isbn_text,
        {{ raw_column('Book-Rating') }} as rating_text
    from {{ source('books', 'ratings') }}
),

stripped as (
    select
        *,
        {{ isbn_stripped('isbn_text') }} as isbn_characters
    from source
)

select
    reader_text,
    isbn_text,
    rating_text,
    case when reader_text ~ '^[0-9]{1,9}$' then cast(reader_text as integer) end as reader_id,
    {{ isbn_of_stripped('isbn_characters') }} as isbn,
    case when rating_text ~ '^([0-9]|10)$' then cast(rating_text as integer) end as rating
from stripped
