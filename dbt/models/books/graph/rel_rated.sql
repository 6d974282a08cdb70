select
    reader_id,
    isbn,
    rating
from {{ ref('ratings') }}
where rating is not null
order by reader_id, {{ by_bytes('isbn') }}
