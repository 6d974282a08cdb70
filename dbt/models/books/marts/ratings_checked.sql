with numbered as (
    select
        *,
        row_number() over (
            partition by reader_text, isbn_text, rating_text order by isbn_text
        ) as copy
    from {{ ref('stg_ratings') }}
),

judged as (
    select
        numbered.*,
        case
            when numbered.copy > 1 then 'equal_row'
            when numbered.rating is null then 'not_a_rating'
            when numbered.isbn is null then 'not_an_isbn'
            when readers.reader_id is null then 'unknown_reader'
            when books.isbn is null then 'unknown_book'
        end as own_reason
    from numbered
    left join {{ ref('readers') }} as readers
        on numbered.reader_id = readers.reader_id
    left join {{ ref('books') }} as books
        on numbered.isbn = books.isbn
),

-- Of several ratings of one book by one reader, in two spellings of its ISBN, the highest counts.
ranked as (
    select
        *,
        row_number() over (
            partition by reader_id, isbn, case when own_reason is null then 1 else 0 end
            order by rating desc, {{ by_bytes('isbn_text') }}, {{ by_bytes('reader_text') }}
        ) as place
    from judged
)

select
    reader_text,
    isbn_text,
    rating_text,
    reader_id,
    isbn,
    rating,
    coalesce(own_reason, case when place > 1 then 'same_book' end) as reason
from ranked
