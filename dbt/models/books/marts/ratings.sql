select
    reader_id,
    isbn,
    -- 0 is how the source writes that somebody took up a book and did not rate it.
    nullif(rating, 0) as rating
from {{ ref('ratings_checked') }}
where reason is null
