select
    reader_id,
    isbn
from {{ ref('ratings') }}
where rating is null
order by reader_id, {{ by_bytes('isbn') }}
