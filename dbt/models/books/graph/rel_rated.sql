-- Built with the graph, so that what is not in it can be looked up.
-- depends_on: {{ ref('ratings_rejected') }}
select
    reader_id,
    isbn,
    rating
from {{ ref('ratings') }}
where rating is not null
order by reader_id, {{ by_bytes('isbn') }}
